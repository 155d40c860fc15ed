"""The report at full size: 51,752 samples × 3 models, made up, built, and opened in Chromium.

    python bench/report_scale.py [--folder DIR] [--models 3]

Prints what was measured beside the budgets: 60 s and 1.5 GB to build; summary visible in 2 s,
column filters in 300 ms, first full-text hits in 1 s. Needs Debian's chromium and
chromium-driver, and selenium; without them it only builds.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orca_eval.report.html import page  # noqa: E402
from orca_eval.report.run_report import main_report  # noqa: E402
from tests.report.browser import CHROMIUM, DRIVER, chromium  # noqa: E402
from tests.report.synthetic import Spec, write_run  # noqa: E402

RARE = "a-needle-that-only-the-last-reply-holds"

# Seconds until the filter's result is on screen, from the change to two frames later.
FILTER = """
const done = arguments[arguments.length - 1];
const select = document.getElementById(arguments[0]);
const start = performance.now();
select.selectedIndex = arguments[1];
select.dispatchEvent(new Event("change", { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done((performance.now() - start) / 1000)));
"""
# Seconds until the first hits are listed, from the last letter typed.
SEARCH = """
const done = arguments[arguments.length - 1];
const box = document.getElementById("search");
const start = performance.now();
box.focus();
box.value = arguments[0];
box.dispatchEvent(new Event("input", { bubbles: true }));
const look = () => {
  const { found, busy } = document.getElementById("status").dataset;
  const searched = found !== arguments[1];
  if (searched && Number(found) > 0) done((performance.now() - start) / 1000);
  else if (performance.now() - start > 60000) done(-1);
  else setTimeout(look, 5);
};
look();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--models", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        runs = make_runs(folder / "runs", options.models)
        build(runs, folder / "one", page.ONE_FILE_BYTES)
        build(runs, folder / "beside", 1_000_000)
        if CHROMIUM and DRIVER:
            for name in ("one", "beside"):
                browse(folder / name / page.REPORT, folder)


def make_runs(folder: Path, models: int) -> list[Path]:
    """Full-size runs; the last reply of the last one holds the rare needle."""
    runs = []
    for number in range(models):
        path = folder / f"model-{number}"
        runs.append(path)
        if path.is_dir():
            continue
        accuracy = 0.4 + 0.3 * number / max(1, models - 1)
        spec = Spec(f"model-{number}", accuracy=accuracy, seed=number, parameters=7 * (number + 1))
        changed = {51_751: {"response": RARE}} if number == models - 1 else {}
        write_run(path, spec, changed)
    return runs


def build(runs: list[Path], out: Path, limit: int) -> None:
    page.ONE_FILE_BYTES = limit
    wall, cpu = time.perf_counter(), time.process_time()
    stdout, sys.stdout = sys.stdout, open("/dev/null", "w")  # noqa: PTH123, SIM115
    main_report(runs, out, "model-0")
    sys.stdout.close()
    sys.stdout = stdout
    size = (out / page.REPORT).stat().st_size / 1e6
    beside = sum(file.stat().st_size for file in out.glob(f"{page.DATA}/*")) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say(f"build ({out.name})", f"{time.perf_counter() - wall:.1f} s wall", "60 s")
    say("  processor time", f"{time.process_time() - cpu:.1f} s", "")
    say("  peak memory of this process", f"{peak:.2f} GB", "1.5 GB")
    say("  report.html, report_data", f"{size:.0f} MB, {beside:.0f} MB", "")


def browse(report: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as profile, chromium(Path(profile)) as driver:
        driver.set_page_load_timeout(120)
        driver.set_script_timeout(120)
        driver.get(report.as_uri())
        wait(driver, "return document.body.dataset.ready")
        paint, ready = driver.execute_script(
            "return [performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000,"
            "performance.timing.domContentLoadedEventEnd / 1000"
            " - performance.timing.navigationStart / 1000]"
        )
        say(f"open ({report.parent.name}): summary visible", f"{paint:.2f} s", "2 s")
        say("  page and index read", f"{ready:.2f} s", "")
        for name, index in (("by-benchmark", 7), ("by-run", 2), ("by-result", 2), ("by-rule", 1)):
            seconds = driver.execute_async_script(FILTER, name, index)
            say(f"  filter {name}", f"{1000 * seconds:.0f} ms", "300 ms")
        driver.find_element("css selector", "#filters button[type=reset]").click()
        time.sleep(0.3)
        button = driver.find_element("css selector", "#list-head button[data-name=Answer]")
        start = time.perf_counter()
        button.click()
        say("  sort by answer", f"{1000 * (time.perf_counter() - start):.0f} ms", "300 ms")
        for what, needle in (("common, cold", "winter garden"), ("rare, warm", RARE)):
            found = driver.find_element("id", "status").get_attribute("data-found")
            seconds = driver.execute_async_script(SEARCH, needle, found)
            say(f"  first hits ({what})", f"{1000 * seconds:.0f} ms", "1000 ms")
            start = time.perf_counter()
            wait(driver, "return document.getElementById('status').dataset.busy === 'false'")
            say("    all parts searched after", f"{time.perf_counter() - start:.2f} s more", "")
        driver.get("about:blank")
        driver.get(report.as_uri())
        wait(driver, "return document.body.dataset.ready")
        found = driver.find_element("id", "status").get_attribute("data-found")
        seconds = driver.execute_async_script(SEARCH, RARE, found)
        say("  first hits (rare, in the last part, cold)", f"{1000 * seconds:.0f} ms", "1000 ms")


def wait(driver: Any, script: str, seconds: float = 60.0) -> None:
    end = time.perf_counter() + seconds
    while not driver.execute_script(script):
        if time.perf_counter() > end:
            raise TimeoutError(script)
        time.sleep(0.02)


def say(what: str, measured: str, budget: str) -> None:
    print(f"{what:48} {measured:>18}  {budget}", flush=True)


if __name__ == "__main__":
    main()
