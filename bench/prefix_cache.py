"""How much of RACE's and DROP's prompts a prefix cache serves in the order in which we send them.

    python bench/prefix_cache.py DATA_ROOT [--tokens 20000] [--block 16]

A simulation of vLLM's cache: prompts are cut into blocks, a block is served when it and all before
it were seen, the least recently used are dropped, a prompt's last ones first. Requests come one
after the other, with the embedded model's tokenizer. Printed: tokens served in our order, longest
prompt first, and with a cache that never drops anything.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.engines.registry import build_engine
from orca_eval.run.evaluate import load_suite
from orca_eval.run.plan import Planner, first_steps, in_sending_order


def hit_tokens(prompts: Iterable[Sequence[int]], block: int, capacity: int | None) -> int:
    """Tokens served from a cache of `capacity` blocks; None is unbounded."""
    cache: OrderedDict[int, None] = OrderedDict()
    served = 0
    for ids in prompts:
        chain, keys = 0, []
        # The last token is always computed: its logits start the answer.
        for start in range(0, len(ids) - 1 - block + 1, block):
            chain = hash((chain, tuple(ids[start : start + block])))
            keys.append(chain)
        hits = 0
        while hits < len(keys) and keys[hits] in cache:
            hits += 1
        served += hits * block
        for key in reversed(keys):
            cache[key] = None
            cache.move_to_end(key)
        while capacity is not None and len(cache) > capacity:
            cache.popitem(last=False)
    return served


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_root")
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--block", type=int, default=16)
    args = parser.parse_args()
    for name in ("race", "drop"):
        config = run_config(compose_verb("run", [f"suite={name}", f"data.root={args.data_root}"]))
        engine = build_engine(config)
        planner = Planner(config, engine)
        questions = in_sending_order(planner.add(first_steps(load_suite(config), 1)))
        tokenizer = planner.prompter.tokenizer
        if tokenizer is None:
            raise SystemExit("the engine has no tokenizer")
        texts = [tokenizer.render(planner.prompter.messages(q.waiting[0].step)) for q in questions]
        prompts = [list(ids) for ids in tokenizer.encode(texts)]
        blocks = args.tokens // args.block
        best = hit_tokens(prompts, args.block, None)
        ordered = hit_tokens(prompts, args.block, blocks)
        longest = hit_tokens(sorted(prompts, key=len, reverse=True), args.block, blocks)
        total = sum(map(len, prompts))
        print(
            f"{name}: {len(prompts):,} prompts, {total:,} tokens; unbounded cache serves {best:,} "
            f"({best / total:.1%}); ours {ordered / best:.2%} of that; "
            f"longest first {longest / best:.2%}"
        )


if __name__ == "__main__":
    main()
