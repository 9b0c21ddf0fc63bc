"""`./edgeai doctor`: what is missing or odd on this machine, and how to mend it.

Needs nothing but Python itself and changes nothing.
"""

import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Sequence

import doctor_machine
import doctor_software
from doctor_findings import Finding, Status
from workspace_layout import Workspace

ROOT = pathlib.Path(__file__).resolve().parent.parent
_EXIT_FAULT = 1
_EXIT_USAGE = 2


def collect(root: pathlib.Path = ROOT) -> list[Finding]:
    """Return all findings, those about the software first."""
    own = Workspace(root).venv / "bin" / "fastdds"
    return [
        *doctor_software.check_project(root, os.environ),
        *doctor_machine.check_cameras(),
        *doctor_machine.check_shared_memory(cleaner=str(own) if own.exists() else "fastdds"),
        *doctor_machine.check_gpu(),
        *doctor_machine.check_resources(root),
    ]


def render(findings: Sequence[Finding]) -> str:
    """Return the findings as aligned text, one line each, remedies below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.status.value:<8} {finding.name:<16} {finding.message}")
        if finding.remedy:
            lines.append(f"{'':<25} -> {finding.remedy}")
    errors = sum(finding.status is Status.ERROR for finding in findings)
    warnings = sum(finding.status is Status.WARNING for finding in findings)
    lines.append(f"{errors} errors, {warnings} warnings")
    return "\n".join(lines)


def examine(*, json_file: pathlib.Path | None = None) -> int:
    """Print the findings, write them as JSON where asked, and return the exit code.

    Returns:
        0; 1 where an error was found; 2 where the JSON file cannot be written.
    """
    findings = collect()
    print(render(findings))
    if json_file is not None:
        rows = [{**dataclasses.asdict(f), "status": f.status.value} for f in findings]
        try:
            json_file.write_text(json.dumps({"findings": rows}, indent=1) + "\n", encoding="utf-8")
        except OSError as fault:
            print(f"edgeai doctor: cannot write {json_file}: {fault.strerror}", file=sys.stderr)
            return _EXIT_USAGE
    return _EXIT_FAULT if any(f.status is Status.ERROR for f in findings) else 0
