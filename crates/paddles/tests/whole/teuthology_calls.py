"""What teuthology does by itself while jobs run, for which it has no command.

Called with the name of a call, here or in `CALLS`, and its arguments in JSON; prints what it answered in JSON.
"""

import importlib
import json
import sys

from teuthology import report
from teuthology.lock import ops, query
from teuthology.orchestra.remote import Remote

# No host of these labs can be reached by ssh, and the client would wait for each before it unlocks it all the same.
Remote.reconnect = lambda *arguments, **options: False


def program(module, *arguments):
    """One of its programs."""
    sys.argv[1:] = arguments
    importlib.import_module(module).main()


def push_new_keys(keys):
    return ops.push_new_keys(keys, query.list_locks(keyed_by_name=True))


def reporter(method):
    return lambda *arguments: getattr(report.ResultsReporter(), method)(*arguments)


CALLS = {
    "get_jobs": reporter("get_jobs"),
    "get_run": reporter("get_run"),
    "try_push_job_info": report.try_push_job_info,
    "try_delete_jobs": report.try_delete_jobs,
    "try_mark_run_dead": report.try_mark_run_dead,
    "update_inventory": ops.update_inventory,
    "find_stale_locks": query.find_stale_locks,
    "node_active_job": query.node_active_job,
    "list_locks": lambda options: query.list_locks(**options),
    "unlock_many": ops.unlock_many,
    "push_new_keys": push_new_keys,
    "program": program,
}

if __name__ == "__main__":
    answer = CALLS[sys.argv[1]](*json.loads(sys.argv[2]))
    print(json.dumps(answer))
