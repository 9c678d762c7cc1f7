"""Scores the answers to the questions of questions.jsonl, which were written after reading four of the demo's manuals.

    hsc answer-eval --manuals catalogs/data/manuals --questions tools/newcomers/questions.jsonl --out R.jsonl
    score.py R.jsonl

`states` of a question is a regular expression that a right answer matches; null if the manual does not say. Prints how
many are answered with it, of how many get "I don't know" rightly, and the others.
"""

import json
import pathlib
import re
import sys


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]


def is_right(asked, result):
    if asked["states"] is None:
        return not result["answered"]
    return bool(result["answered"] and re.search(asked["states"], result["answer"]))


def main(path):
    questions = lines(pathlib.Path(__file__).parent / "questions.jsonl")
    judged = [(asked, result, is_right(asked, result)) for asked, result in zip(questions, lines(path), strict=True)]
    for what, of in [
        ("answered with the fact", [right for asked, _, right in judged if asked["states"]]),
        ("rightly silent", [right for asked, _, right in judged if not asked["states"]]),
    ]:
        print(f"{what}: {sum(of)} of {len(of)}")
    for asked, result, right in judged:
        if not right:
            print(asked["manual"], asked["question"], result["pages"] or "no answer", sep=" | ")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [path]:
            main(path)
        case _:
            sys.exit(__doc__)
