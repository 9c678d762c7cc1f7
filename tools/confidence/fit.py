"""Fits the coefficients of answers/src/retrieval.rs for questions in English with vectors, and leaves manuals out.

    RUST_LOG=hsc::answers=trace hsc answer-eval --manuals DIR --questions Q.jsonl --out R.jsonl 2> R.log
    fit.py off-topic MANUAL...  > OFF.jsonl       the questions of off_topic.txt, each of three of the manuals
    fit.py fit Q.jsonl R.jsonl R.log [OFF.jsonl OFF_R.jsonl OFF_R.log]

The fit is over the score's logarithm, the square of what is missing and the English encoder's cosine. The log has one
line of features for the first question of each manual and one for each question of the file. Prints the
coefficients of all manuals; then, each manual's questions with the coefficients of the other manuals: the share of
answerable questions that are silent, of unanswerable ones and of questions about other things, and the share of right
answers by confidence. Needs numpy and scikit-learn.
"""

import json
import math
import pathlib
import re
import sys

# The weight of a question about something else altogether: there are many, and they are all alike.
OFF_TOPIC = 0.15
# The bounds of answers/src/retrieval.rs.
SCORES = (0.05, 5.0)
# Where an answer, and where a likely passage begins; the others divide the table.
BINS = [0.92, 0.85, 0.75, 0.5, 0.0]
NAMES = ["score", "missing", "english"]


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]


def off_topic(manuals):
    questions = (pathlib.Path(__file__).parent / "off_topic.txt").read_text(encoding="utf-8").splitlines()
    for number, question in enumerate(questions):
        for turn in range(3):
            manual = manuals[(number * 3 + turn * 7) % len(manuals)]
            print(json.dumps({"manual": manual, "question": question, "pages": [], "kind": "off-topic"}))


def features(log, count):
    """The features of the last `count` questions; None where the English encoder did not read the question."""
    number = r"(?:Some\()?(-?[\d.]+(?:e-?\d+)?)"
    found = []
    for line in open(log, encoding="utf-8"):
        if "features Features" not in line:
            continue
        read = lambda name: re.search(rf"\b{name}: {number}", line)
        if read("english") is None:
            found.append(None)
            continue
        score, missing, english = (float(read(name)[1]) for name in NAMES)
        found.append([math.log(min(max(score, SCORES[0]), SCORES[1])), missing**2, english])
    return found[len(found) - count :]


def items(questions, results, log, weight):
    questions, results = lines(questions), lines(results)
    for asked, result, row in zip(questions, results, features(log, len(results)), strict=True):
        if row is None:
            continue
        cited = (result["pages"] or result["closest"])[:3]
        right = [page in asked["pages"] for page in cited]
        yield {
            "manual": asked["manual"], "row": row, "weight": weight, "answerable": bool(asked["pages"]),
            "right": any(right), "first": right[:1] == [True], "off_topic": weight != 1.0,
        }  # fmt: skip


def fit(paths):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    everything = list(items(*paths[:3], 1.0))
    if len(paths) > 3:
        everything += items(*paths[3:6], OFF_TOPIC)

    def coefficients(of):
        rows = np.array([it["row"] for it in of])
        mean, spread = rows.mean(0), rows.std(0) + 1e-9
        model = LogisticRegression(C=3.0, max_iter=5000)
        model.fit((rows - mean) / spread, [it["right"] for it in of], sample_weight=[it["weight"] for it in of])
        slopes = model.coef_[0] / spread
        return model.intercept_[0] - (slopes * mean).sum(), slopes

    none, slopes = coefficients(everything)
    print(f"of no feature {none:.3f}", *(f"{name} {slope:.3f}" for name, slope in zip(NAMES, slopes)), sep=", ")
    for manual in {it["manual"] for it in everything}:
        none, slopes = coefficients([it for it in everything if it["manual"] != manual])
        for it in everything:
            if it["manual"] == manual:
                it["confidence"] = 1 / (1 + math.exp(-(none + np.dot(slopes, it["row"]))))

    def silent(what, of):
        share = sum(it["confidence"] < 0.5 for it in of) / max(len(of), 1)
        print(f"manuals left out, silent on {what}: {share:.3f} of {len(of)}")

    given = [it for it in everything if not it["off_topic"]]
    silent("the answerable", [it for it in given if it["answerable"]])
    silent("the unanswerable", [it for it in given if not it["answerable"]])
    silent("questions about other things", [it for it in everything if it["off_topic"]])
    above = 1.01
    for bound in BINS:
        of = [it for it in given if bound <= it["confidence"] < above]
        above = bound
        share = lambda what: sum(it[what] for it in of) / max(len(of), 1)
        print(f"{bound:.2f} and more: {len(of) / len(given):.2f} of the questions, right among three {share('right'):.2f}, first {share('first'):.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["off-topic", first, *rest]:
            off_topic([first, *rest])
        case ["fit", *paths] if len(paths) in (3, 6):
            fit(paths)
        case _:
            sys.exit(__doc__)
