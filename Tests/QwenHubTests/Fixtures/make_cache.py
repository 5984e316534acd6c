"""Write a cache with huggingface_hub from a server in this process: make_cache.py FOLDER.

The repository is tiny: a configuration, an index, two shards and a file in a folder. `hub` beside this file was written so, but
for its `.locks`.
"""

import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c1" * 20
REPOSITORY = "Qwen/Tiny-Test"
LARGE = {
    "model-00001-of-00002.safetensors": b"first shard " * 20,
    "model-00002-of-00002.safetensors": b"second shard " * 20,
}
SMALL = {
    "config.json": b'{"model_type": "qwen3"}\n',
    "sub/notes.txt": b"below a folder\n",
    "model.safetensors.index.json": json.dumps(
        {"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    ).encode(),
}
FILES = {**SMALL, **LARGE}


def etag(name):
    if name in LARGE:
        return hashlib.sha256(LARGE[name]).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(SMALL[name]) + SMALL[name]).hexdigest()


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(head=True)

    def do_GET(self):
        self.answer(head=False)

    def send(self, status, headers, body, head):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def answer(self, head):
        resolve = f"/{REPOSITORY}/resolve/"
        if self.path.startswith("/api/models/"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": etag(name)}
                | ({"lfs": {"oid": etag(name), "size": len(data), "pointerSize": 1}} if name in LARGE else {})
                for name, data in FILES.items()
            ]
            info = {"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            self.send(200, {"Content-Type": "application/json"}, json.dumps(tree if "/tree/" in self.path else info).encode(), head)
        elif self.path.startswith(resolve):
            name = self.path[len(resolve) :].split("/", 1)[1]
            if name not in FILES:
                self.send(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"", head)
                return
            headers = {"ETag": f'"{etag(name)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            if name in LARGE:
                headers |= {"X-Linked-Etag": f'"{etag(name)}"', "X-Linked-Size": str(len(FILES[name]))}
            self.send(200, headers, FILES[name], head)
        else:
            self.send(404, {}, b"", head)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)

    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError

    folder = sys.argv[1]
    for name in FILES:
        huggingface_hub.hf_hub_download(REPOSITORY, name, cache_dir=folder)
    try:
        huggingface_hub.hf_hub_download(REPOSITORY, "chat_template.jinja", cache_dir=folder)
    except EntryNotFoundError:
        pass
    print(json.dumps({"version": huggingface_hub.__version__, "etags": {name: etag(name) for name in FILES}}))


if __name__ == "__main__":
    main()
