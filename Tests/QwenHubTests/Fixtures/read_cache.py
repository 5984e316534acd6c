"""Say as JSON what huggingface_hub finds in a cache, without the network: read_cache.py FOLDER REPOSITORY FILE..."""

import hashlib
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

from huggingface_hub import _CACHED_NO_EXIST, scan_cache_dir, snapshot_download, try_to_load_from_cache

folder, repository, *files = sys.argv[1:]
scan = scan_cache_dir(folder)
found = {}
for name in files:
    path = try_to_load_from_cache(repository, name, cache_dir=folder)
    if path is _CACHED_NO_EXIST:
        found[name] = "no_exist"
    elif path is not None:
        found[name] = hashlib.sha256(open(path, "rb").read()).hexdigest()
print(
    json.dumps(
        {
            "warnings": [str(warning) for warning in scan.warnings],
            "repositories": {
                repo.repo_id: {rev.commit_hash: sorted(rev.refs) for rev in repo.revisions} for repo in scan.repos
            },
            "snapshot": snapshot_download(repository, cache_dir=folder, local_files_only=True),
            "files": found,
        }
    )
)
