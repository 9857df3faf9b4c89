#!/usr/bin/env bash
# Builds deploy/Dockerfile without an engine of containers (buildah, chroot isolation) and runs in its images what they
# are for: a job of one machine, and a coordinator with a worker. Takes minutes: `npm run test:images`.
# Usage: images.sh [TARGET…]; worker and coordinator where none is named, worker-gpu is built only.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed; the images are not built"; exit 0; }
done
[ "$(id -u)" -eq 0 ] || { echo 'skipped: not root; the images are not built'; exit 0; }
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
folder=$(mktemp -d)
containers=() pids=()
clean() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  for container in "${containers[@]}"; do buildah rm "$container" >/dev/null 2>&1 || true; done
  rm -rf "$folder"
}
trap clean EXIT
revision=$(git rev-parse HEAD)
fail() { echo "failed: $*"; exit 1; }

deploy/test/make-base.sh "$folder"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(worker coordinator)
for target in "${targets[@]}"; do
  buildah bud --pull-never --layers --label org.opencontainers.image.revision="$revision" -f deploy/Dockerfile \
    --target "$target" -t "halotile-test/$target" . >"$folder/$target.log" 2>&1 ||
    { tail -20 "$folder/$target.log"; fail "$target does not build"; }
  echo "built: $target, $(buildah images --format '{{.Size}}' "halotile-test/$target" | head -1)"
done
[ "${targets[*]}" = 'worker coordinator' ] || exit 0

config() { buildah inspect --type image --format "$2" "halotile-test/$1"; }
[ "$(config worker '{{.OCIv1.Config.User}}')" = 10001:10001 ] || fail 'the user is no number'
[ "$(config worker '{{index .OCIv1.Config.Labels "org.opencontainers.image.revision"}}')" = "$revision" ] ||
  fail 'the label of the revision is missing'
[ "$(config coordinator '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}')" = '[/usr/bin/tini -- /usr/local/bin/halotile] [serve]' ] ||
  fail 'the coordinator starts something else'

worker=$(buildah from --pull-never halotile-test/worker); containers+=("$worker")
coordinator=$(buildah from --pull-never halotile-test/coordinator); containers+=("$coordinator")
inside() { local container=$1; shift; buildah run "$container" -- "$@"; }

inside "$worker" sh -c 'test "$(id -u)" = 10001' || fail 'it runs as another user'
for tool in npm gcc cc make python3; do
  ! inside "$worker" sh -c "command -v $tool" >/dev/null 2>&1 || fail "$tool is in the image"
done
# What its user can write is what the image declares as volumes: all else may be read-only.
writable=$(inside "$worker" sh -c "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -type d -writable -print 2>/dev/null || true" | sort | tr '\n' ' ')
case " $writable" in
*' /etc'* | *' /opt'* | *' /usr'*) fail "its user can write $writable" ;;
esac
echo "its user can write: $writable"

halotile='tini -- halotile'
inside "$worker" sh -c "cd /tmp && $halotile demo --size 1500 --directory demo --quiet &&
  $halotile blur demo/scene.tif --map demo/distance.tif -o near.tif --json" >"$folder/near.json"
crc=$(sed -n 's/.*"crc":"\([0-9a-f]*\)".*/\1/p' "$folder/near.json")
[ -n "$crc" ] || fail 'the job of one machine said no CRC'
echo "one machine: CRC-32 $crc"

# The containers share this machine's network, so ports of their own.
port=$((20000 + RANDOM % 10000)) numbers=$((31000 + RANDOM % 10000))
inside "$coordinator" sh -c "HALOTILE_LISTEN=127.0.0.1:$port HALOTILE_METRICS=127.0.0.1:$numbers $halotile serve" >"$folder/serve.log" 2>&1 &
pids+=($!)
until curl -sf "http://127.0.0.1:$numbers/readyz" >/dev/null; do kill -0 "${pids[0]}" || { cat "$folder/serve.log"; fail 'the coordinator ended'; }; sleep 0.2; done
inside "$coordinator" sh -c "$halotile health --coordinator 127.0.0.1:$port && $halotile health --metrics 127.0.0.1:$numbers --ready"
inside "$worker" sh -c "HALOTILE_METRICS=127.0.0.1:$((numbers + 1)) $halotile worker --coordinator 127.0.0.1:$port" >"$folder/worker.log" 2>&1 &
pids+=($!)
until curl -sf "http://127.0.0.1:$((numbers + 1))/readyz" >/dev/null; do kill -0 "${pids[1]}" || { cat "$folder/worker.log"; fail 'the worker ended'; }; sleep 0.2; done
inside "$worker" sh -c "cd /tmp && $halotile blur demo/scene.tif --map demo/distance.tif -o far.tif --coordinator 127.0.0.1:$port --quiet && cmp near.tif far.tif" ||
  { tail -5 "$folder/serve.log" "$folder/worker.log"; fail 'the cluster made another file'; }
head -1 "$folder/serve.log" | grep -q listens || grep -q '"service":"coordinator"' "$folder/serve.log" || fail 'the log is no JSON'
# SIGTERM ends both, as a stopped container does: tini passes it on.
for tini in $(pgrep -f "^tini -- halotile (serve|worker) ?"); do
  grep -qz "$port" "/proc/$tini/environ" || grep -qz -- "127.0.0.1:$port" "/proc/$tini/cmdline" || continue
  kill -TERM "$tini"
done
for pid in "${pids[@]}"; do wait "$pid" || fail 'an image does not end well at SIGTERM'; done
pids=()
grep -q 'goes back\|shutting down' "$folder/serve.log" || fail 'the coordinator said nothing of its end'
echo 'coordinator and worker: the same file, byte for byte; both ended at SIGTERM'
