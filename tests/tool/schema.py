#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""JSON of the command against the schemas that are installed with it: as a module, or as
schema.py < OUTPUT, one document behind the other; exits with 1 and says what is wrong. --can: is the
validator there?

A schema lets members be added. Here none may be that it does not describe: what is printed is
documented, and what is documented is what is printed.
"""
import json
import os
import sys
import warnings

try:
    import jsonschema
except ImportError:
    jsonschema = None

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/roadbed/schema')
MISSING = 'needs python3-jsonschema'


def strict(schema):
    """The same schema, whose objects have no other members than it describes."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: strict(value) for key, value in schema.items()}
    if schema.get('type') == 'object' and isinstance(schema.get('properties'), dict):
        out.setdefault('additionalProperties', False)
    return out


def load():
    schemas = {}
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), encoding='utf-8') as file:
            schemas[name] = json.load(file)
    return schemas


PLAIN = load()
SCHEMAS = {name: strict(schema) for name, schema in PLAIN.items()}


def errors(document):
    """What is wrong with a document, by the schema that it names."""
    name = document.get('schema') if isinstance(document, dict) else None
    parts = name.split('.') if isinstance(name, str) else []
    if len(parts) != 3 or parts[0] != 'roadbed' or parts[2] != '1' or f'{parts[1]}.json' not in SCHEMAS:
        return [f'no schema of this name: {name!r}']
    schema = SCHEMAS[f'{parts[1]}.json']
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)  # its successor is not in Debian 12
        # A schema that says where it lies is one that others refer to by its file's name.
        resolver = jsonschema.RefResolver('', schema, store=dict(SCHEMAS))
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return [f'{name}: /{"/".join(map(str, error.absolute_path))}: {error.message[:300]}'
            for error in validator.iter_errors(document)]


def documents(text):
    """One behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        at += len(text[at:]) - len(text[at:].lstrip())


def check(text):
    """Answers the documents."""
    all_of_them = list(documents(text))
    assert all_of_them, 'nothing was printed'
    wrong = [error for document in all_of_them for error in errors(document)]
    assert not wrong, '\n'.join(wrong[:20])
    return all_of_them


if __name__ == '__main__':
    if jsonschema is None:
        sys.exit(MISSING)
    if '--can' in sys.argv:
        sys.exit()
    try:
        check(sys.stdin.read())
    except (AssertionError, ValueError) as problem:
        sys.exit(str(problem))
