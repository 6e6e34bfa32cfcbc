"""As much of JSON Schema 2020-12 as docs/openapi.json uses; what it does not know it refuses."""
import re

KNOWN = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "oneOf", "const", "enum", "pattern", "format",
         "$ref", "minimum", "maximum", "default", "description", "readOnly"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Wrong(AssertionError):
    pass


def fits(value, schema, root, at):
    try:
        check(value, schema, root, at)
        return True
    except Wrong:
        return False


def check(value, schema, root, at="$"):
    unknown = set(schema) - KNOWN
    if unknown:
        raise ValueError(f"{at}: the checker does not know {unknown}")
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        return check(value, target, root, at)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[k]) and not (k in ("integer", "number") and isinstance(value, bool)) for k in kinds):
        raise Wrong(f"{at}: {value!r:.80} is no {' or '.join(kinds)}")
    if "const" in schema and value != schema["const"]:
        raise Wrong(f"{at}: {value!r:.80} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        raise Wrong(f"{at}: {value!r:.80} is none of {schema['enum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        raise Wrong(f"{at}: {value!r:.80} does not match {schema['pattern']}")
    if schema.get("format") == "date-time" and isinstance(value, str) and not TIME.fullmatch(value):
        raise Wrong(f"{at}: {value!r} is no time")
    for name, bad in (("minimum", lambda v, m: v < m), ("maximum", lambda v, m: v > m)):
        if name in schema and bad(value, schema[name]):
            raise Wrong(f"{at}: {value} is past its {name}")
    for name, good in (("anyOf", lambda n: n > 0), ("oneOf", lambda n: n == 1)):
        if name in schema:
            n = sum(fits(value, s, root, at) for s in schema[name])
            if not good(n):
                raise Wrong(f"{at}: {n} of {name} fit {value!r:.120}")
    if isinstance(value, dict):
        members(value, schema, root, at)
    if isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            check(v, schema["items"], root, f"{at}[{i}]")
    return None


def members(value, schema, root, at):
    properties = schema.get("properties", {})
    missing = [k for k in schema.get("required", []) if k not in value]
    if missing:
        raise Wrong(f"{at}: {missing} missing")
    for k, v in value.items():
        if k in properties:
            check(v, properties[k], root, f"{at}.{k}")
        elif schema.get("additionalProperties", True) is False:
            raise Wrong(f"{at}.{k} is not described")
