#!/usr/bin/env bash
# Makes the virtual environments of the public clients, each of its own, in the folder that is named; keeps what is there.
#   bash tests/clients/environments.sh "$HOME/.cache/aiaas-clients" && AIAAS_CLIENTS=$HOME/.cache/aiaas-clients pytest -m clients
set -euo pipefail
folder=${1:?name a folder}
mkdir -p "$folder"
make() {
  local name=$1
  shift
  [ -e "$folder/$name/.made" ] && return
  "${PYTHON:-python3.11}" -m venv --clear "$folder/$name"
  "$folder/$name/bin/pip" install -q --disable-pip-version-check "$@"
  touch "$folder/$name/.made"
}
make triton 'tritonclient[http]>=2.73'
make kserve 'kserve>=0.21'
make mlflow 'mlflow-skinny>=3.17' 'pandas>=2.3,<3' requests scipy
make schemathesis 'schemathesis>=4.32'
