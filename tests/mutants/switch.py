"""In every process of a test: `crm_planted(7)` says whether fault 7 is on, and notes it."""

import builtins
import os

on = int(os.environ.get("CRM_PLANTED", "0"))
seen: set[int] = set()
_noted = os.environ.get("CRM_REACHED")


def crm_planted(fault: int) -> bool:
    if fault == on:
        return True
    if fault not in seen:
        seen.add(fault)
        if _noted:
            file = os.open(_noted, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{fault}\n".encode())
            os.close(file)
    return False


builtins.crm_planted = crm_planted  # type: ignore[attr-defined]
