#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes man page and shell completions of a program out of what its --help says.

    manual.py PROGRAM SECTION MAN BASH ZSH

PROGRAM is run with --help, and, where that lists commands, with `COMMAND --help` for each. The text
has the form that posternctl and posternd share: paragraphs, titles that end in a colon, and lists
indented by two spaces; a flag is `  --name=VALUE` with its meaning indented below. So the pages
cannot tell of other flags than the program has.
"""

import os
import re
import subprocess
import sys


class Flag:
    def __init__(self, name, value, meaning):
        self.name = name
        self.value = value      # "" for a switch
        self.meaning = meaning

    def words(self):
        """What may stand behind the equals sign: words, "files", "directories" or nothing known."""
        if re.fullmatch(r"[a-z]+(\|[a-z]+)+", self.value):
            return self.value.split("|")
        if self.value.startswith("FILE"):
            return "files"
        if self.value.startswith("DIR"):
            return "directories"
        return None


class Help:
    """One --help, taken apart."""

    def __init__(self, text):
        lines = text.splitlines()
        self.summary = re.sub(r"^[^:]*: ", "", lines[0])
        self.synopsis = ""
        self.paragraphs = []
        self.commands = []  # (name, summary)
        self.examples = []
        self.flags = []
        self.closing = []
        section = ""
        flag = None
        for line in lines[1:]:
            title = re.fullmatch(r"(Commands|Examples|Flags)\b.*:", line)
            if title:
                section = title[1]
                continue
            if section in ("Flags", "Commands") and line and not line.startswith("  "):
                section = "closing"
            if section == "":
                if line.startswith("  ") and not self.synopsis:
                    self.synopsis = line.strip()
                elif line.strip():
                    self.paragraphs.append(line)
            elif section == "Commands":
                found = re.fullmatch(r"  (\S+)\s+(.*)", line)
                if found:
                    self.commands.append((found[1], found[2]))
            elif section == "Examples":
                if line.strip():
                    self.examples.append(line.strip())
            elif section == "Flags":
                found = re.fullmatch(r"  --([a-z_]+)(?:=(\S.*))?", line)
                if found:
                    flag = Flag(found[1], found[2] or "", "")
                    self.flags.append(flag)
                elif line.startswith("        ") and flag:
                    flag.meaning = (flag.meaning + " " + line.strip()).strip()
            elif line.strip():
                self.closing.append(line)


def read_help(program, *arguments):
    done = subprocess.run([program, *arguments, "--help"], stdout=subprocess.PIPE, check=True,
                          timeout=60, stdin=subprocess.DEVNULL)
    return Help(done.stdout.decode())


# ---- man(7) ----

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def flag_lines(flags):
    out = []
    for flag in flags:
        value = f"=\\fI{roff(flag.value)}\\fR" if flag.value else ""
        out += [".TP", f"\\fB\\-\\-{roff(flag.name)}\\fR{value}", roff(flag.meaning)]
    return out


def man_page(name, section, top, commands):
    out = [f'.TH {name.upper()} {section} "" Postern "Postern"',
           ".SH NAME", f"{name} \\- {roff(top.summary.rstrip('.'))}",
           ".SH SYNOPSIS", f"\\fB{roff(top.synopsis)}\\fR"]
    if top.paragraphs:
        out += [".SH DESCRIPTION"] + [roff(line) for line in top.paragraphs]
    if top.flags:
        out += [".SH OPTIONS"] + flag_lines(top.flags)
    if commands:
        out.append(".SH COMMANDS")
        for command, one in commands:
            out += [f".SS {command}", f"\\fB{roff(one.synopsis)}\\fR", ".PP",
                    roff(one.summary[:1].upper() + one.summary[1:])]
            out += [roff(line) for line in one.paragraphs]
            out += flag_lines(one.flags)
            if one.examples:
                out += [".PP", "Examples:", ".PP", ".RS", ".nf"]
                out += [roff(example) for example in one.examples]
                out += [".fi", ".RE"]
    if top.closing:
        out += [".SH NOTES"] + [roff(line) for line in top.closing if not line.startswith("Exit")]
        status = [line for line in top.closing if "Exit status" in line]
        if status:
            out += [".SH EXIT STATUS"] + [roff(line[line.index("Exit status"):]) for line in status]
    other = "posternd(8)" if name == "posternctl" else "posternctl(1)"
    out += [".SH SEE ALSO", f"{roff(other)}"]
    return "\n".join(line for line in out if line) + "\n"


# ---- bash ----

def bash_completion(name, top, commands):
    function = "_" + name
    out = [f"# bash completion of {name}, made from its --help by tools/manual.py", "",
           f"{function}_files() {{", "  compopt -o filenames 2>/dev/null",
           "  COMPREPLY=($(compgen -f -- \"$1\"))", "}", "",
           f"{function}() {{", "  local word=${COMP_WORDS[COMP_CWORD]} flags= value=",
           "  COMPREPLY=()",
           # bash cuts --flag=value at the equals sign.
           "  local flag=",
           "  if [[ $word == = ]]; then flag=${COMP_WORDS[COMP_CWORD-1]}; word=",
           "  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}",
           "  elif [[ $word == --*=* ]]; then flag=${word%%=*}; word=${word#*=}; fi"]
    if commands:
        names = " ".join(command for command, _ in commands)
        out += ["  local command=${COMP_WORDS[1]}",
                "  if ((COMP_CWORD == 1)); then",
                f"    COMPREPLY=($(compgen -W \"{names} --help\" -- \"$word\"))", "    return", "  fi",
                "  case $command in"]
        for command, one in commands:
            flags = " ".join("--" + flag.name + ("=" if flag.value else "") for flag in one.flags)
            out.append(f"    {command}) flags=\"{flags} --help\" ;;")
        out.append("  esac")
        every = {flag.name: flag for _, one in commands for flag in one.flags}
    else:
        every = {flag.name: flag for flag in top.flags}
        flags = " ".join("--" + flag.name + ("=" if flag.value else "") for flag in top.flags)
        out.append(f"  flags=\"{flags} --help --version\"")
    out.append("  case $flag in")
    for flag in every.values():
        words = flag.words()
        if words == "files":
            out.append(f"    --{flag.name}) {function}_files \"$word\"; return ;;")
        elif words == "directories":
            out.append(f"    --{flag.name}) compopt -o filenames 2>/dev/null; "
                       "COMPREPLY=($(compgen -d -- \"$word\")); return ;;")
        elif words:
            out.append(f"    --{flag.name}) COMPREPLY=($(compgen -W \"{' '.join(words)}\" -- "
                       "\"$word\")); return ;;")
    out += ["    -*) return ;;", "  esac",
            "  if [[ $word == -* ]]; then",
            "    COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))",
            "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null",
            "    return", "  fi", f"  {function}_files \"$word\"", "}", f"complete -F {function} {name}"]
    return "\n".join(out) + "\n"


# ---- zsh ----

def zsh_text(text):
    return re.sub(r"([\[\]:'\\])", lambda m: "'\\''" if m[1] == "'" else "\\" + m[1], text)


def zsh_spec(flag):
    words = flag.words()
    if not flag.value:
        return f"'--{flag.name}[{zsh_text(flag.meaning)}]'"
    action = {"files": "_files", "directories": "_files -/"}.get(words) if isinstance(words, str) \
        else f"({' '.join(words)})" if words else ""
    return (f"'--{flag.name}=[{zsh_text(flag.meaning)}]:{zsh_text(flag.value)}:{action}'")


def zsh_completion(name, top, commands):
    out = [f"#compdef {name}", f"# zsh completion of {name}, made from its --help by tools/manual.py", ""]
    if not commands:
        out += ["_arguments \\"] + [f"  {zsh_spec(flag)} \\" for flag in top.flags]
        out += ["  '--help[show flags and end]' \\", "  '--version[show the version and end]'"]
        return "\n".join(out) + "\n"
    out += [f"_{name}() {{", "  local -a commands", "  commands=("]
    for command, one in commands:
        out.append(f"    '{command}:{zsh_text(one.summary)}'")
    out += ["  )", "  if (( CURRENT == 2 )); then", "    _describe command commands", "    return", "  fi",
            "  local command=$words[2]", "  shift words", "  (( CURRENT-- ))", "  case $command in"]
    for command, one in commands:
        out.append(f"    {command})")
        out.append("      _arguments \\")
        out += [f"        {zsh_spec(flag)} \\" for flag in one.flags]
        out += ["        '--help[show flags and examples]' \\", "        '*:file:_files'", "      ;;"]
    out += ["  esac", "}", "", f"_{name} \"$@\""]
    return "\n".join(out) + "\n"


def main():
    program, section, man, bash, zsh = sys.argv[1:]
    name = os.path.basename(program)
    top = read_help(program)
    commands = [(command, read_help(program, command)) for command, _ in top.commands]
    if not top.flags and not commands:
        sys.exit(f"{program} --help has neither flags nor commands: its form has changed")
    for path, text in ((man, man_page(name, section, top, commands)),
                       (bash, bash_completion(name, top, commands)),
                       (zsh, zsh_completion(name, top, commands))):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main()
