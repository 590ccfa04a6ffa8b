"""The names of rules_pkg that protobuf's packaging targets load; none is built here."""

def pkg_files(**_kwargs):
    pass

def _from(_path = ""):
    return ""

def _files_only():
    return ""

strip_prefix = struct(from_pkg = _from, from_root = _from, files_only = _files_only)
