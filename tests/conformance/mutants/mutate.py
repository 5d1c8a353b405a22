# SPDX-License-Identifier: Apache-2.0
"""Mutants: bugs that are put into a copy of the tree, each behind a switch of its own.

A mutant replaces a piece of a source, a whole expression or whole statements, by
`road_mutant(N) ? new : old` or `if (road_mutant(N)) new else old`, so that one build holds them all.
"""
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ('expression', 'statement')


class Mutant:
    """number, name, file, the piece [start, end) of the file's text, what switches it.

    key: its name with the function instead of the line, which later changes do not move."""

    def __init__(self, name, file, start, end, put, kind, caught=()):
        self.name, self.file, self.start, self.end = name, file, start, end
        self.put, self.kind, self.caught = put, kind, caught
        self.number = 0
        self.line = 0
        self.key = name

    def switched(self, old):
        number = self.number
        if self.kind == 'expression':
            return f'(road_mutant({number}) ? ({self.put}) : ({old}))'
        if self.kind == 'negate':
            return f'(road_mutant({number}) ? !({old}) : !!({old}))'
        return '{ if (road_mutant(%d)) { %s } else { %s } }' % (number, self.put, old)


# ---- named ones: NAME.txt with the fields file, kind, find, put, caught ----

def unescape(text):
    return text.replace(r'\n', '\n').replace(r'\t', '\t')


def read_named(path, root):
    """The mutant, or a text that says why it does not fit the tree."""
    name = os.path.basename(path)[:-len('.txt')]
    with open(path, encoding='utf-8') as file:
        text = file.read()
    fields = dict(re.findall(r'^(file|kind|find|put): ?(.*)$', text, re.M))
    caught = re.findall(r'^caught: (\S+) (\S+)$', text, re.M)
    missing = [f for f in ('file', 'kind', 'find', 'put') if f not in fields]
    if missing or not caught:
        return f'{name}: has no {", ".join(missing) or "line `caught: ADDRESS GROUP.CASE` or `caught: unit ROOM/TEST`"}'
    if fields['kind'] not in KINDS:
        return f'{name}: its kind is {fields["kind"]}, allowed: {" ".join(KINDS)}'
    try:
        with open(os.path.join(root, fields['file']), encoding='utf-8') as file:
            source = file.read()
    except OSError as error:
        return f'{name}: {fields["file"]}: {error.strerror}'
    find = unescape(fields['find'])
    before, piece, _ = re.fullmatch(r'(.*)\[\[(.*)\]\](.*)', find, re.S).groups() \
        if '[[' in find else ('', find, '')
    find = find.replace('[[', '').replace(']]', '')
    if source.count(find) != 1:
        return f'{name}: {fields["file"]} holds its text {source.count(find)} times, must be once'
    start = source.index(find) + len(before)
    return Mutant(name, fields['file'], start, start + len(piece), unescape(fields['put']),
                  fields['kind'], caught)


def named(root):
    """(mutants, texts about those that do not fit)."""
    got = [read_named(path, root) for path in sorted(glob.glob(os.path.join(HERE, '*.txt')))]
    return [m for m in got if isinstance(m, Mutant)], [t for t in got if isinstance(t, str)]


# ---- automatic ones: statements deleted, conditions negated ----

WORD = r'[A-Za-z_]\w*'
NOT_CALLS = {'if', 'for', 'while', 'switch', 'return', 'sizeof', 'do', 'else', 'case', 'goto',
             'pthread_mutex_lock', 'pthread_mutex_unlock', 'pthread_mutex_init',
             'pthread_mutex_destroy', 'pthread_cond_init', 'pthread_cond_destroy', 'assert',
             '_Static_assert', 'va_start', 'va_end', 'free'}


def blank(text):
    """The same length without comments, strings and directives, so that positions stay."""
    def spaces(match):
        return re.sub(r'[^\n]', ' ', match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
                  r'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', spaces, text, flags=re.S | re.M)


def closing(text, start):
    """Position behind the bracket that closes the one at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += text[at] in '([{'
        depth -= text[at] in ')]}'
        if not depth:
            return at + 1
    return len(text)


def statement_end(text, start):
    """Position behind the `;`, or -1 where a brace comes first."""
    at = start
    while at < len(text) and text[at] != ';':
        if text[at] in '{}':
            return -1
        at = closing(text, at) if text[at] in '([' else at + 1
    return at + 1


def conditions(text):
    for match in re.finditer(r'\bif \(', text):
        end = closing(text, match.end() - 1)
        yield match.end(), end - 1


def statements(text):
    """Calls and assignments that stand alone, within functions."""
    for match in re.finditer(rf'(?m)^\t+((?:\(void\))?({WORD})[^\n]*)', text):
        start = match.start(1)
        before = text[:match.start()].rstrip()
        if not before or before[-1] not in ';{}:)' and not before.endswith('else'):
            continue
        if before[-1] == ')' and not re.search(r'\b(if|for|while) \([^;{}]*(;[^;{}]*;[^;{}]*)?\)$',
                                               before[-400:]):
            continue
        end = statement_end(text, start)
        piece = text[start:end]
        call = re.fullmatch(rf'(?:\(void\))?({WORD}(?:(?:->|\.){WORD})*)\(.*\);', piece, re.S)
        assignment = re.match(rf'{WORD}(?:(?:->|\.){WORD}|\[[^\]]*\])* (?:[-+|&^*/]|<<|>>)?= ', piece)
        step = re.fullmatch(rf'{WORD}(?:(?:->|\.){WORD}|\[[^\]]*\])*(?:\+\+|--);', piece)
        if end > 0 and (call and call[1] not in NOT_CALLS or assignment or step):
            yield start, end


def function_at(plain, position):
    """The name of the function that the position lies in."""
    heads = re.findall(rf'^\w[^;{{}}\n=]*?({WORD})\([^;{{}}]*\)\n{{', plain[:position], re.M)
    return heads[-1] if heads else ''


def automatic(root, files):
    """Every mutant of these files."""
    out = []
    for file in files:
        with open(os.path.join(root, file), encoding='utf-8') as source:
            text = source.read()
        plain = blank(text)
        for kind, pieces in (('negate', conditions(plain)), ('statement', statements(plain))):
            for start, end in pieces:
                line = text.count('\n', 0, start) + 1
                what = ' '.join(text[start:end].split())
                verb = 'not ' if kind == 'negate' else 'without '
                out.append(Mutant(f'{file}:{line}: {verb}{what[:70]}', file, start, end, '', kind))
                out[-1].line = line
                out[-1].key = f'{file}: {function_at(plain, start)}: {verb}{what[:70]}'
    return out


def equivalent():
    """{key: why nothing can notice this automatic mutant}, from equivalent.list."""
    with open(os.path.join(HERE, 'equivalent.list'), encoding='utf-8') as file:
        blocks = re.split(r'\n\n+', re.sub(r'(?m)^#.*\n?', '', file.read()).strip())
    rows = [block.split('\n', 1) for block in blocks if block]
    return {key: ' '.join(why.split()) for key, why in rows}


def unfit(root):
    """Texts about rows of equivalent.list that name no mutant."""
    rows = equivalent()
    files = sorted({key.split(':')[0] for key in rows})
    there = [f for f in files if os.path.isfile(os.path.join(root, f))]
    known = {m.key for m in automatic(root, there)}
    return [f'equivalent.list: no such mutant: {key}' for key in rows if key not in known]


def apply(root, mutants):
    """Writes the switches into the tree. Pieces may lie within one another only by kind."""
    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    for file, ones in by_file.items():
        path = os.path.join(root, file)
        with open(path, encoding='utf-8') as source:
            text = source.read()
        lines = []
        end = len(text) + 1
        for mutant in sorted(ones, key=lambda m: -m.start):
            if mutant.end > end:
                raise ValueError(f'{mutant.name} overlaps another mutant')
            end = mutant.start
            old = text[mutant.start:mutant.end]
            text = text[:mutant.start] + mutant.switched(old) + text[mutant.end:]
        lines.append('#include "tests/conformance/mutants/mutant.h"\n#line 1\n')
        with open(path, 'w', encoding='utf-8') as source:
            source.write(''.join(lines) + text)
