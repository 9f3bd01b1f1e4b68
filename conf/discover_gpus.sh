#!/usr/bin/env bash
# Spark's resource discovery: {"name": "gpu", "addresses": ["0", "1"]} on standard output.
# What CUDA_VISIBLE_DEVICES hides is not offered; what it shows is named as it names it, index or UUID, so that
# litcoin_batch/warehouse/inference/devices.py finds it again. Otherwise GPUs are named by index, in the order of their PCI
# bus: set CUDA_DEVICE_ORDER=PCI_BUS_ID for the executors, too.
set -euo pipefail

fail() {
  echo "discover_gpus.sh: $1" >&2
  exit 1
}

command -v nvidia-smi >/dev/null ||
  fail "no nvidia-smi on the PATH ($PATH): install NVIDIA's driver, or ask Spark for no GPUs on this host"
known=$(nvidia-smi --query-gpu=index,uuid --format=csv,noheader) || fail "nvidia-smi failed: $known"
indices=$(sed -n 's/^\([0-9][0-9]*\),.*/\1/p' <<<"$known")
names=$(tr ',' '\n' <<<"$known" | tr -d ' ')

if [[ -z ${CUDA_VISIBLE_DEVICES+set} ]]; then
  addresses=$indices
else
  addresses=$(tr ',' '\n' <<<"$CUDA_VISIBLE_DEVICES" | tr -d ' ')
  while read -r address; do
    [[ -z $address ]] || grep -qxF -- "$address" <<<"$names" ||
      fail "CUDA_VISIBLE_DEVICES names $address; expected indices or UUIDs of: $(tr '\n' ';' <<<"$known")"
  done <<<"$addresses"
fi

quoted=$(sed -n 's/..*/"&"/p' <<<"$addresses" | paste -sd, -)
[[ -n $quoted ]] || fail "no GPU on this host that may be used (CUDA_VISIBLE_DEVICES: ${CUDA_VISIBLE_DEVICES-not set})"
echo "{\"name\": \"gpu\", \"addresses\": [${quoted//,/, }]}"
