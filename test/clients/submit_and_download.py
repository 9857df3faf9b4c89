"""Submits a job to a coordinator, watches it and downloads the result, from the proto alone.

    python3 submit_and_download.py HOST:PORT IMAGE MAP OUTPUT

Needs grpcio and grpcio-tools; the stubs are generated into a temporary folder at start. Prints the CRC-32 of the
output's pixels, which the coordinator states, and exits with 1 where the job failed.
"""

import importlib
import pathlib
import sys
import tempfile
import uuid
import zlib

import grpc
from grpc_tools import protoc

CHUNK = 1 << 20
PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def stubs():
    """The modules that protoc makes of the proto files."""
    out = tempfile.mkdtemp()
    files = [str(path) for path in sorted((PROTO / "halotile/v1").glob("*.proto"))]
    include = str(pathlib.Path(protoc.__file__).parent / "_proto")
    code = protoc.main(["protoc", f"-I{PROTO}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}", *files])
    if code != 0:
        sys.exit(f"protoc failed with {code}")
    sys.path.insert(0, out)
    return tuple(importlib.import_module(f"halotile.v1.{name}") for name in ("types_pb2", "jobs_pb2", "jobs_pb2_grpc"))


def upload(jobs, api, path):
    """Sends a file, from where an earlier try stopped, and returns its name in specs."""
    data = pathlib.Path(path).read_bytes()
    crc = zlib.crc32(data)
    name = f"py-{crc:08x}-{len(data)}"
    try:
        start = api.GetUpload(jobs.GetUploadRequest(upload_id=name)).received
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise
        start = 0

    def messages():
        header = jobs.UploadHeader(upload_id=name, size=len(data), crc=crc, name=pathlib.Path(path).name)
        yield jobs.UploadRequest(header=header)
        for offset in range(start, len(data), CHUNK):
            piece = data[offset : offset + CHUNK]
            yield jobs.UploadRequest(chunk=jobs.Chunk(offset=offset, data=piece, crc=zlib.crc32(piece)))

    assert api.Upload(messages()).complete
    return f"upload:{name}"


def main(address, image, map_, output):
    types, jobs, jobs_grpc = stubs()
    api = jobs_grpc.JobsStub(grpc.insecure_channel(address))
    spec = types.JobSpec(
        image=upload(jobs, api, image),
        map=upload(jobs, api, map_),
        output="download:python.tif",
        operations=[types.Operation(name="box")],
        tile=256,
        block=128,
    )
    job = api.SubmitJob(jobs.SubmitJobRequest(request_id=str(uuid.uuid4()), spec=spec)).job
    event = None
    for event in api.WatchJob(jobs.WatchJobRequest(id=job.id)):
        print(jobs.JobState.Name(event.state), f"{event.progress.tiles_done}/{event.progress.tiles_total}", file=sys.stderr)
    if event is None or event.state != jobs.JOB_STATE_SUCCEEDED:
        sys.exit(f"the job did not succeed: {event}")
    crc = 0
    with open(output, "wb") as file:
        for message in api.Download(jobs.DownloadRequest(job_id=job.id)):
            if message.HasField("chunk"):
                assert zlib.crc32(message.chunk.data) == message.chunk.crc
                crc = zlib.crc32(message.chunk.data, crc)
                file.write(message.chunk.data)
            else:
                assert message.file_crc == crc, f"{message.file_crc:08x} announced, {crc:08x} came, {message.size} bytes"
    print(f"{event.result.pixel_crc:08x}")
    # A wrong job is refused, and the status says which field.
    try:
        api.SubmitJob(jobs.SubmitJobRequest(request_id="x", spec=types.JobSpec(image="a.tif")))
        sys.exit("a wrong spec was accepted")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        assert "grpc-status-details-bin" in dict(error.trailing_metadata())


if __name__ == "__main__":
    main(*sys.argv[1:])
