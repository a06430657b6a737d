# Reads bodies, each after its length in four bytes, and writes a line for each: what it means here.
import json
import struct
import sys


def hexadecimal(text):
    return text.encode("utf-16-be", "surrogatepass").hex()


def canonical(value):
    if value is None:
        return "z"
    if value is True or value is False:
        return "t" if value else "f"
    if isinstance(value, str):
        return "s" + hexadecimal(value)
    if isinstance(value, (int, float)):
        return "n" + struct.pack(">d", float(value) + 0.0).hex()
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return "{" + ",".join(sorted(hexadecimal(k) + ":" + canonical(v) for k, v in value.items())) + "}"


def meaning(text):
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as e:
        return "refused: " + str(e)
    if not isinstance(message, dict):
        return "not a message"
    shown = []
    for key in ("method", "id", "params", "result", "error"):
        if key in message:
            shown.append(canonical(message[key]))
        else:
            shown.append("{}" if key == "params" and "method" in message else "-")
    return " ".join(shown)


body = sys.stdin.buffer.read()
at = 0
lines = []
while at < len(body):
    end = at + 4 + struct.unpack(">I", body[at : at + 4])[0]
    text = body[at + 4 : end]
    guessed = meaning(text)
    try:
        decoded = meaning(text.decode("utf-8"))
    except UnicodeDecodeError as e:
        decoded = "refused: " + str(e)
    lines.append(guessed if guessed == decoded else "two readings: " + guessed + " / " + decoded)
    at = end
sys.stdout.write("\n".join(lines) + "\n")
