"""The calls of teuthology's own code that its commands make, one after the other; prints what they give as JSON.

Its settings come from the `.teuthology.yaml` in HOME. Usage: real_client.py RUN NODE-OF-A-DEAD-JOB
"""
import json
import sys

from teuthology.lock import ops, query
from teuthology.report import ResultsReporter, try_delete_jobs, try_mark_run_dead, try_push_job_info

run, stale_node = sys.argv[1:]
new_node = {"name": "new.lab.example", "machine_type": "mira", "arch": "x86_64", "os_type": "ubuntu",
            "os_version": "24.04", "ssh_pub_key": "key", "up": True, "user": "ubuntu"}
reporter = ResultsReporter()
shown = {}

# The inventory: the first update is answered by 404 and makes the node.
ops.update_inventory(new_node)
ops.update_inventory({"name": "new.lab.example", "os_version": "", "up": True})
shown["inventory"] = query.get_status("new.lab.example")

for number, status in enumerate(["running", "pass", "queued"]):
    try_push_job_info({"name": run, "job_id": str(number), "status": status})
shown["fields"] = reporter.get_jobs(run, fields=["status", "description"])
shown["run"] = reporter.get_run(run)["status"]
shown["job"] = reporter.get_jobs(run, "1")["status"]

try_mark_run_dead(run)
shown["dead"] = {job["job_id"]: job["status"] for job in reporter.get_jobs(run, fields=["job_id", "status"])}

# A lock of a job that ended long ago is stale: that is asked for by a path with two slashes at its beginning.
ops.update_lock(stale_node, description="/archive/%s/1" % run)
try_push_job_info({"name": run, "job_id": "1", "updated": "2020-01-01 00:00:00"})
shown["stale"] = [node["name"] for node in query.find_stale_locks()]
shown["free"] = [node["name"] for node in query.list_locks(machine_type="mira", up=True, locked=False, count=9)]

try_delete_jobs(run, ["0"])
shown["after deleting one"] = len(reporter.get_jobs(run, fields=["job_id"]))
try_delete_jobs(run, ["1", "2"])
print(json.dumps(shown))
