"""Reads a token through python-pkcs11. Usage: read_python_pkcs11.py MODULE LABEL SERIAL; the PIN, where
there is one, on standard input; prints one line per fact.

For tests/pkcs11_tools.rs, which says what is right. Not responsible for verifying: the package makes no
keys of OTP objects.
"""

import sys

import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.attributes import AttributeMapper, handle_str, handle_ulong
from pkcs11.types import PROTECTED_AUTH

OTP = {
    Attribute.OTP_LENGTH: handle_ulong,
    Attribute.OTP_TIME_INTERVAL: handle_ulong,
    Attribute.OTP_USER_IDENTIFIER: handle_str,
    Attribute.OTP_SERVICE_IDENTIFIER: handle_str,
    Attribute.OTP_COUNTER: (bytes, bytes),
}


def refusal(call):
    try:
        return call()
    except pkcs11.PKCS11Error as error:
        return type(error).__name__


def mapper():
    """The package knows the names of these attributes, and has to be told of what type they are."""
    types = AttributeMapper()
    for kind, (pack, unpack) in OTP.items():
        types.register_handler(kind, pack, unpack)
    return types


def show(session, serial):
    wanted = {Attribute.CLASS: ObjectClass.OTP_KEY, Attribute.ID: serial.encode()}
    found = list(session.get_objects(wanted))
    print("found", len(found))
    key = found[0]
    for name in ("CLASS", "KEY_TYPE", "ID", "LABEL", "VERIFY", "SIGN", "EXTRACTABLE", "VALUE"):
        value = refusal(lambda kind=Attribute[name]: key[kind])
        print(name, value.decode() if isinstance(value, bytes) else value)
    for kind in OTP:
        print(kind.name, refusal(lambda kind=kind: key[kind]))
    by_label = session.get_key(object_class=ObjectClass.OTP_KEY, label=serial)
    print("same", bytes(by_label[Attribute.ID]).decode())
    unknown = {"object_class": ObjectClass.OTP_KEY, "label": "no-such-token"}
    print("unknown", refusal(lambda: session.get_key(**unknown)))


def main():
    module, label, serial = sys.argv[1:]
    library = pkcs11.lib(module)
    token = library.get_token(token_label=label)
    print("token", token.label)
    print("hotp", pkcs11.Mechanism.HOTP in token.slot.get_mechanisms())
    pin = sys.stdin.readline().strip() or PROTECTED_AUTH
    if pin is not PROTECTED_AUTH:
        print("wrong", refusal(lambda: token.open(user_pin="wrong-pin-of-a-key-88")))
    with token.open(user_pin=pin, attribute_mapper=mapper()) as session:
        show(session, serial)
    with token.open() as session:
        print("without", len(list(session.get_objects({Attribute.LABEL: serial}))))


main()
