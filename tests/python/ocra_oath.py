"""Computes OCRA with the package `oath`: a JSON object a line in, a code or a refusal a line out."""

import json
import sys

from oath import _ocra as ocra


def answer(case):
    suite = ocra.str2ocrasuite(case["suite"])
    given = {"Q": case.get("question"), "Qsc": case.get("joined")}
    given["C"] = case.get("counter")
    given["P"] = case.get("pin")
    given["T_precomputed"] = case.get("time_steps")
    if "session" in case:
        given["S"] = bytes.fromhex(case["session"])
    return suite(bytes.fromhex(case["key"]), **given)


def main():
    for line in sys.stdin:
        try:
            print(answer(json.loads(line)))
        except ValueError:
            print("refused")


main()
