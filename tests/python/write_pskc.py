"""Writes a PSKC file with the package `pskc`: a JSON object on standard input says what is in it."""

import json
import sys

from pskc import PSKC


def main():
    order = json.load(sys.stdin)
    container = PSKC()
    for key in order["keys"]:
        key["secret"] = bytes.fromhex(key["secret"])
        container.add_key(response_encoding="DECIMAL", **key)
    if "key" in order:
        container.encryption.setup_preshared_key(
            algorithm=order["algorithm"], key=bytes.fromhex(order["key"]), key_name="transport"
        )
    if "password" in order:
        container.encryption.setup_pbkdf2(
            order["password"], algorithm=order["algorithm"], iterations=100000
        )
    container.write(sys.stdout.buffer)


main()
