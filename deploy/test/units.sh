#!/usr/bin/env bash
# Follows "Units on a machine" of docs/deploy.md, command for command, on a Debian with systemd that it makes and boots
# in namespaces of its own: from nothing to a batch that has run, and once more on the same day. `npm run test:units`.
# The units listen on the ports that the page names, in a network of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in debootstrap unshare nsenter ip; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed; the units are not run"; exit 0; }
done
[ "$(id -u)" -eq 0 ] || { echo 'skipped: not root; the units are not run'; exit 0; }
folder=$(mktemp -d)
root=$folder/root
init=
clean() {
  [ -z "$init" ] || kill -9 "$init" 2>/dev/null || true
  sleep 1
  rm -rf --one-file-system "$folder"
}
trap clean EXIT
fail() { echo "failed: $*"; exit 1; }

# What the page takes for granted: Debian, Node with npm, a clone that is built, and images.
debootstrap --variant=minbase --include=ca-certificates,systemd,systemd-sysv,dbus bookworm "$root" >"$folder/debootstrap.log"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$(command -v node)" "$root/usr/bin/node"
mkdir -p "$root/usr/lib/node_modules" "$root/root/clone"
cp -R "$(npm root --global)/npm" "$root/usr/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
globalconfig=$(npm config get globalconfig)
[ ! -f "$globalconfig" ] || cp "$globalconfig" "$root/root/.npmrc"
npm pack --silent --pack-destination "$root/root/clone" >/dev/null
cp -R deploy "$root/root/clone/"
node dist/cli/main.js demo --size 1500 --directory "$folder/demo" --quiet

# The page's blocks, in their order: commands, the two files that its words name, commands.
node --input-type=module - docs/deploy.md "$root/root" <<'NODE'
import { readFileSync, writeFileSync } from 'node:fs';
const [page, folder] = process.argv.slice(2);
const section = /^## Units on a machine\n([\s\S]*?)^## /m.exec(readFileSync(page, 'utf8'))[1];
const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, kind, text]) => ({ kind, text }));
if (blocks.map(({ kind }) => kind).join() !== 'sh,yaml,yaml,sh') throw new Error('the page has other blocks than this script knows');
for (const [i, name] of ['install.sh', 'halotile.yaml', 'nightly.yaml', 'start.sh'].entries())
  writeFileSync(`${folder}/${name}`, blocks[i].text);
NODE

cat >"$folder/boot.sh" <<'BOOT'
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts devpts dev/pts
mount -t tmpfs tmpfs dev/shm
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$device"
  mknod -m 666 "dev/$name" c "$major" "$minor"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir -p old
pivot_root . old
umount -l /old
# Says that it is no real machine, so that it touches no hardware.
export container=other
exec /lib/systemd/systemd --system
BOOT
# Packages come from outside, so the network is this machine's until they are there.
inside() {
  nsenter --target "$init" --mount --pid --uts --ipc --root --wd "${@:2}" env -i HOME=/root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -euc "cd /root/clone; $1"
}
boot() { # [--net]
  unshare --mount --pid --fork --uts --ipc "$@" bash "$folder/boot.sh" "$root" >"$folder/boot.log" 2>&1 &
  local outer=$!
  until init=$(pgrep -P "$outer") && [ "$(cat "/proc/$init/comm" 2>/dev/null)" = systemd ]; do
    kill -0 "$outer" || { cat "$folder/boot.log"; fail 'systemd does not start'; }
    sleep 0.2
  done
  local state tries=0
  until state=$(inside 'systemctl is-system-running' "$@" 2>/dev/null) || [ "$state" = degraded ]; do
    [ $((++tries)) -lt 120 ] || { tail -5 "$folder/boot.log"; fail 'systemd does not come up'; }
    sleep 1
  done
}
seconds=$SECONDS
# Redis does not start while packages are installed: this network may have one.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
boot
inside 'apt-get update -qq && bash -eux /root/install.sh' >"$folder/install.log" 2>&1 || { tail -20 "$folder/install.log"; fail 'the page does not install'; }
kill -9 "$init"; sleep 1
cp "$root/root/halotile.yaml" "$root/root/nightly.yaml" "$root/etc/halotile/"
cp "$folder/demo/scene.tif" "$root/srv/images/"
# What the page asks of Redis.
sed -i 's/^appendonly no/appendonly yes/; s/^# maxmemory-policy .*/maxmemory-policy noeviction/' "$root/etc/redis/redis.conf"
boot --net
nsenter --target "$init" --net ip link set lo up
inside 'systemctl start redis-server && bash -eux /root/start.sh' --net >"$folder/start.log" 2>&1 || { cat "$folder/start.log"; inside 'journalctl --no-pager | tail -40' --net; fail 'the page does not start'; }
echo "from nothing to a batch: $((SECONDS - seconds)) s"
grep -q '1 of 1 image' "$folder/start.log" || { cat "$folder/start.log"; fail 'the batch did not run'; }
output=$(find "$root/srv/out" -name scene.tif)
[ -n "$output" ] || fail 'there is no output'
node dist/cli/main.js process "$folder/demo/scene.tif" -o "$folder/near.tif" --op box:radius=6 --quiet
cmp "$output" "$folder/near.tif" || fail 'the batch made another file than one machine does'
# The same day again is the same job, also after the coordinator and the worker were started anew.
inside 'systemctl restart halotile-coordinator halotile-worker && halotile health --coordinator 127.0.0.1:7070 --wait 60 && systemctl start halotile-nightly' --net
jobs=$(inside 'journalctl -u halotile-nightly --no-pager -o cat | grep -oE "^job [0-9a-f-]+" | sort -u' --net)
[ "$(wc -l <<<"$jobs")" -eq 1 ] || fail "the same day is several jobs: $jobs"
inside 'systemctl stop halotile-worker halotile-coordinator && systemctl show -p Result --value halotile-worker halotile-coordinator' --net | grep -v '^$' | sort -u | grep -qx success || fail 'the units do not end well'
echo 'units: the batch ran, the same file byte for byte; the same day again is the same job; both ended at SIGTERM'
