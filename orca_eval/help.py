"""The help texts, as data: printed without importing anything else, so that they are instant."""

PROGRAM = """\
orca-eval: zero-shot reasoning benchmarks for language models, in free text

usage: orca-eval <verb> [key=value ...]

  run          evaluate one model on one suite (-m for several)
  leaderboard  run what is missing for several models and prompts, then tables, plots, report
  report       tables, plots and report from finished runs, or from a CSV of scores
  gate         compare a candidate with a baseline: 0 pass, 1 regression, 2 inconclusive,
               3 bad input, 4 the gate itself failed
  baseline     baseline export: a small file that gate accepts in place of a run
  rescore      apply today's extractors to a finished run's responses
  audit        a sheet of the samples most worth a human look
  show         the exact prompt of a document as the model gets it
  tasks        suites, benchmarks, sizes, where the data comes from
  check        validate config, data and model without loading the engine

orca-eval <verb> --help tells a verb's keys; --version the version.
Exit codes: 0 done, 1 failed or incomplete, 3 bad input, 130 interrupted; gate and baseline
fail with 4, because 1 is a regression.
"""

SHARED_KEYS = """\
  model.revision=  model.adapter=  model.chat_template=  model.chat_template_kwargs.KEY=
  model.trust_remote_code=true   weights as pickles, code from a model repository
  engine=NAME                llama_cpp (default), vllm, openai, lm_eval, replay
  engine.KEY=VALUE           any argument of that engine by its own name
  engine.base_url=URL  engine.api_key_env=VARIABLE   for engine=openai
  suite=NAME                 quickstart (default), orca2_reasoning, orca2_knowledge, orca2_core,
                             a benchmark (gsm8k), or lm-eval's own task (lm_eval:NAME)
  data.root=DIR              a local copy of the data, laid out as on the hub
  limit=N                    a seeded sample of N documents per task
  max_tokens=N               of each answer (1024; 256 in quickstart)
  sampling.temperature=  sampling.top_p=  sampling.seed=  sampling.n=   (greedy by default)
  over_long=error|skip|shrink    what to do with a prompt that does not fit
  results_dir=DIR            where runs go (results)
  report.samples=false       leave prompts and replies out of the HTML report
  fresh=true                 start anew, taking no answer that was stored before
                             (to go on when that was cut off, repeat without it)
  allow_code=true            let task YAML from outside run Python
  stall_seconds=N            end a request when nothing finished for so long (600)
"""

RUN_KEYS = f"""\
  model=NAME                 a file in conf/model (default smollm2-135m-instruct)
  model.path=PATH            any other: hub id, folder, GGUF file
  prompt=NAME                the system message: empty (default), cautious, orca1_2, ...
{SHARED_KEYS}"""

VERBS = {
    "run": f"""\
usage: orca-eval run [key=value ...]
       orca-eval run -m model=a,b prompt=empty,cautious     one process per run

Evaluates one model on one suite. The same command comes back to the same folder: a cut-off run
goes on, a finished one prints its table at once.

{RUN_KEYS}""",
    "leaderboard": f"""\
usage: orca-eval leaderboard models=[a,b,...] [prompts=[empty,cautious]] [key=value ...]

Runs what is missing, one process per run, resumes what was cut off, goes on past a model that
fails, then writes tables, plots and the report. A model is a name in conf/model, a path, or a glob
of checkpoints ('out/checkpoint-*', oldest first).

  models=[...]
  prompts=[...]              the system messages: empty (default), cautious, orca1_2, ...
  baseline=MODEL             relative improvements over this one
  out=DIR                    where tables, plots and report go (the current folder)
{SHARED_KEYS}""",
    "report": """\
usage: orca-eval report runs=[FOLDER,...] [baseline=MODEL] [out=DIR]
       orca-eval report from=FILE.csv [baseline=MODEL] [out=DIR]

Writes tables, plots and the HTML report from finished runs, or tables from a CSV of scores.

  runs=[...]                 run folders, or globs of them
  from=FILE.csv              first column `model` (rows are models) or `task` (columns are models)
  baseline=MODEL             relative improvements over this one
  out=DIR                    where to write (the current folder)
  report.samples=false       leave prompts and replies out of everything written
""",
    "gate": """\
usage: orca-eval gate baseline=RUN candidate=RUN [policy=NAME] [out=DIR]

Compares two runs sample by sample. Exit code: 0 pass, 1 regression, 2 inconclusive, 3 bad input,
4 the gate itself failed (a full disk, say; what can still be written is), 130 interrupted.

  baseline=RUN               a run folder, an exported baseline file, or published:MODEL
  candidate=RUN              a run folder
  policy=NAME                default, strict, smoke (conf/policy)
  policy.KEY=VALUE           any key that the policy's file has
  out=DIR                    where gate.md, gate.json and gate.xml go (the current folder)
""",
    "baseline": """\
usage: orca-eval baseline export run=RUN [out=FILE]

Writes a small file (ids, hashes, scores, rates, versions; no texts) that gate accepts.
Exit code: 0 done, 3 bad input, 4 it could not be written.
""",
    "rescore": """\
usage: orca-eval rescore run=RUN

Applies today's extractors to a finished run's stored responses, writes rescored/<version>/ inside
the run folder and shows what changed. The original is never changed.
""",
    "audit": """\
usage: orca-eval audit run=RUN [n=50] [out=FILE.html]

Writes a sheet of the samples most worth a human look: no answer, weak rules, disagreement between
rules, with the evidence highlighted (.html or .md).
""",
    "show": f"""\
usage: orca-eval show [task=BENCHMARK/TASK] [doc_id=N] [ids=true] [key=value ...]

Prints the exact prompt as the model gets it, its token count, and the token ids on request.

  task=BENCHMARK or BENCHMARK/TASK   (default: the suite's first)
  doc_id=N                   the row's index (default: the sample's first)
  ids=true                   token ids too
  indices=true               the sample's indices as the JSON that lm_eval --samples takes
{RUN_KEYS}""",
    "tasks": """\
usage: orca-eval tasks [data.root=DIR]

Lists suites and benchmarks: size, kind of average, where the data comes from, whether it is there.
""",
    "check": f"""\
usage: orca-eval check [key=value ...]

Validates config, data, prompts and model as `run` would, without loading the engine.

{RUN_KEYS}""",
}
