"""Runs unittest modules and writes of each test, one line each: outcome, name, return value, what was said.

For tests/conformance, which compares. Usage: run_unittest.py FILE MODULE... Not responsible for what is
expected.
"""

import os
import re
import sys
import unittest


def return_value(error):
    """The CK_RV that an exception of PyKCS11 or python-pkcs11 tells, or "-"."""
    named = re.search(r"CKR_[A-Z0-9_]+", str(error))
    if type(error).__module__.startswith("PyKCS11"):
        return named.group() if named else "-"
    if type(error).__module__.startswith("pkcs11"):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=No)(?=RNG)", "_", type(error).__name__)
        return "CKR_" + words.upper()
    return "-"


class Lines(unittest.TestResult):
    """One line per test; a failed subtest is a failure of its test."""

    def __init__(self, file):
        super().__init__()
        self.file = file

    def line(self, outcome, test, error=None, text=""):
        name = re.sub(r"^tests\.", "", test.id())
        rv = return_value(error) if error is not None else "-"
        said = str(text or error or "").strip().splitlines()[:1]
        print(outcome, name, rv, *said, sep="\t", file=self.file, flush=True)

    def addSuccess(self, test):
        self.line("passed", test)

    def addFailure(self, test, err):
        self.line("failed", test, err[1])

    def addError(self, test, err):
        self.line("failed", test, err[1], f"{type(err[1]).__name__} {err[1]}")

    def addSkip(self, test, reason):
        self.line("skipped", test, text=reason)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.line("failed", test, err[1])


def main():
    sys.path.insert(0, os.getcwd())
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        suite.run(Lines(file))
        print("end", file=file)


main()
