"""Reads a token through PyKCS11. Usage: read_pykcs11.py MODULE SERIAL; prints one line per fact.

For tests/pkcs11_tools.rs, which says what is right. Not responsible for verifying: the page
docs/pkcs11.md has a program for that.
"""

import sys

import PyKCS11
from PyKCS11 import LowLevel

NAMES = [
    "CKA_LABEL", "CKA_ID", "CKA_KEY_TYPE", "CKA_OTP_FORMAT", "CKA_OTP_LENGTH",
    "CKA_OTP_TIME_INTERVAL", "CKA_OTP_USER_IDENTIFIER", "CKA_OTP_SERVICE_IDENTIFIER",
    "CKA_OTP_USER_FRIENDLY_MODE", "CKA_OTP_CHALLENGE_REQUIREMENT", "CKA_OTP_COUNTER", "CKA_VALUE",
]


def refusal(call):
    try:
        return call()
    except PyKCS11.PyKCS11Error as error:
        return PyKCS11.CKR[error.value]


def main():
    module, serial = sys.argv[1:]
    library = PyKCS11.PyKCS11Lib()
    library.load(module)
    slot = library.getSlotList(tokenPresent=True)[0]
    print("token", library.getTokenInfo(slot).label.strip())
    print("hotp", *library.getMechanismInfo(slot, "CKM_HOTP").flags2text())
    session = library.openSession(slot)
    print("before", len(session.findObjects([(LowLevel.CKA_ID, serial.encode())])))
    session.login(None)
    print("again", refusal(lambda: session.login(None)))
    # The package takes labels for texts, and whatever it does not know for bytes.
    for kind, name in (("CKA_ID", serial.encode()), ("CKA_LABEL", serial),
                       ("CKA_OTP_USER_IDENTIFIER", serial.encode())):
        print("by", kind, len(session.findObjects([(getattr(LowLevel, kind), name)])))
    key, = session.findObjects(
        [(LowLevel.CKA_CLASS, LowLevel.CKO_OTP_KEY), (LowLevel.CKA_ID, serial.encode())])
    kinds = [getattr(LowLevel, name) for name in NAMES]
    values = session.getAttributeValue(key, kinds, allAsBinary=True)
    for name, value in zip(NAMES, values):
        print(name, "-" if value is None else bytes(value).hex())
    print("dictionary", key.to_dict()["CKA_LABEL"])
    mechanism = PyKCS11.Mechanism(LowLevel.CKM_HOTP)
    print("sign", refusal(lambda: session.sign(key, b"", mechanism)))
    print("destroy", refusal(lambda: session.destroyObject(key)))
    print("unknown", len(session.findObjects([(LowLevel.CKA_ID, b"no-such-token")])))
    session.logout()
    session.closeSession()


main()
