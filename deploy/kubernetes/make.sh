#!/bin/sh
# Makes halotile.yaml, the plain manifests, from the chart: one coordinator, two workers, tokens from the Secret
# halotile-auth, all in the namespace halotile. `make.sh -` prints them instead.
set -eu
cd "$(dirname "$0")"
make() {
  echo '# Made from deploy/helm/halotile by deploy/kubernetes/make.sh; do not edit. `kubectl apply -n halotile -f halotile.yaml`'
  helm template halotile ../helm/halotile --kube-version 1.31.0 --namespace halotile --skip-tests \
    --set auth.existingSecret=halotile-auth 2>/dev/null | sed 's/^\(.*managed-by: \)Helm$/\1kubectl/'
}
if [ "${1-}" = - ]; then make; else make >halotile.yaml; fi
