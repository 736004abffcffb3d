#!/usr/bin/env bash
# A real SLURM with several nodes on one Debian host, for the tests: one controller, N slurmd, no systemd, no
# cgroups, no accounting.  Everything it writes is below one directory; /etc stays as it is.
#
#   local_slurm.sh up              install if need be (root on Debian), start what is not running, wait for the nodes
#   local_slurm.sh down            cancel all jobs, end the daemons
#   local_slurm.sh env             print the export line that sbatch, squeue, ... need:  eval "$(local_slurm.sh env)"
#   local_slurm.sh controller-down | controller-up            for the drills: kill -9 slurmctld, start it again
#
# Environment: HIFRED_SLURM_DIR (/tmp/hifred-slurm) HIFRED_SLURM_NODES (2) HIFRED_SLURM_CPUS (4, a node; may exceed
# what the host has) HIFRED_SLURM_MEMORY (8000 MB, a node) HIFRED_SLURM_PORT (27300; slurmctld, and the nodes above it)
# Exit code 77: SLURM is not here and cannot be installed.
set -euo pipefail

base=${HIFRED_SLURM_DIR:-/tmp/hifred-slurm}
nodes=${HIFRED_SLURM_NODES:-2}
cpus=${HIFRED_SLURM_CPUS:-4}
memory=${HIFRED_SLURM_MEMORY:-8000}
port=${HIFRED_SLURM_PORT:-27300}
host=$(hostname -s)
conf=$base/etc/slurm.conf
munge_socket=$base/munge/socket
export SLURM_CONF=$conf
PATH=$PATH:/usr/sbin:/sbin

say() { echo "local_slurm: $*" >&2; }

is_running() {  # PIDFILE
  [[ -s $1 ]] && kill -0 "$(<"$1")" 2>/dev/null
}

end_daemon() {  # PIDFILE SIGNAL: wait for the end, 10 s at most, then SIGKILL
  is_running "$1" || return 0
  local pid i
  pid=$(<"$1")
  kill "-$2" "$pid"
  for ((i = 0; i < 100; i++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$1"
}

need_slurm() {
  local missing=0 program
  for program in slurmctld slurmd munged sbatch; do
    command -v "$program" >/dev/null || missing=1
  done
  ((missing)) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    say "SLURM is not installed, and only root on Debian can install it"
    exit 77
  fi
  say "installing slurm-wlm and munge"
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends slurm-wlm munge; } >"$base/log/apt.log" 2>&1; then
    tail -n 5 "$base/log/apt.log" >&2
    say "SLURM could not be installed"
    exit 77
  fi
}

node_names() { local i; for ((i = 1; i <= nodes; i++)); do echo "node$i"; done; }

write_configuration() {
  {
    cat <<CONF
ClusterName=hifred
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$munge_socket,cred_expire=5
# Listen on the address above only.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$base/controller
SlurmdSpoolDir=$base/spool-%n
SlurmctldPidFile=$base/run/slurmctld.pid
SlurmdPidFile=$base/run/%n.pid
SlurmctldLogFile=$base/log/slurmctld.log
SlurmdLogFile=$base/log/%n.log
# A container or a developer's machine need not have cgroups: process groups and polling do.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
# Believe the declared CPUs and memory, which may exceed the machine's.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
# LLN: spread the jobs over the nodes.
SelectTypeParameters=CR_CPU_Memory,CR_LLN
DefMemPerCPU=512
# Short periods: tests wait for each of them.
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
KillWait=4
SlurmctldTimeout=20
SlurmdTimeout=20
MessageTimeout=10
InactiveLimit=0
MinJobAge=1800
ReturnToService=2
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
CONF
    local i=0 name
    for name in $(node_names); do
      i=$((i + 1))
      echo "NodeName=$name NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=$cpus RealMemory=$memory"
    done
    cat <<CONF
PartitionName=main Default=YES Nodes=ALL PriorityTier=10 DefaultTime=10 MaxTime=1440 GraceTime=5
PartitionName=urgent Nodes=ALL PriorityTier=50 DefaultTime=10 MaxTime=60 PreemptMode=OFF
PartitionName=closed Nodes=ALL DefaultTime=10 State=DRAIN
PartitionName=fragile Nodes=ALL PriorityTier=10 DefaultTime=10 MaxTime=1440
CONF
  } >"$conf"
}

start_munge() {
  is_running "$base/munge/pid" && return 0
  chmod 711 "$base/munge"
  if [[ ! -s $base/munge/key ]]; then
    (umask 077 && head -c 256 /dev/urandom >"$base/munge/key")
  fi
  munged --force --socket="$munge_socket" --key-file="$base/munge/key" --pid-file="$base/munge/pid" \
    --log-file="$base/log/munged.log" --seed-file="$base/munge/seed" 2>/dev/null
}

start_controller() {  # [-c]: forget the jobs of earlier days
  is_running "$base/run/slurmctld.pid" || slurmctld -f "$conf" "$@"
}

start_node() { is_running "$base/run/$1.pid" || slurmd -f "$conf" -N "$1"; }

usable_nodes() { sinfo --noheader -N -p main -t idle,mixed,allocated -o %N 2>/dev/null | sort -u | wc -l; }

wait_for_nodes() {
  local i
  for ((i = 0; i < 300; i++)); do
    [[ $(usable_nodes) == "$nodes" ]] && return 0
    sleep 0.1
  done
  sinfo -N -l >&2 || true
  tail -n 20 "$base/log/slurmctld.log" >&2 || true
  say "the nodes did not come up in 30 s"
  exit 1
}

up() {
  mkdir -p "$base"/{etc,log,run,munge,controller}
  need_slurm
  write_configuration
  start_munge
  start_controller -c
  local name
  for name in $(node_names); do start_node "$name"; done
  wait_for_nodes
  sinfo -N
}

down() {
  if is_running "$base/run/slurmctld.pid"; then
    timeout 10 scancel --user="$(id -un)" 2>/dev/null || true
    local i
    for ((i = 0; i < 100; i++)); do
      [[ -z $(timeout 5 squeue -h -t running,completing 2>/dev/null) ]] && break
      sleep 0.1
    done
  fi
  local name
  for name in $(node_names); do end_daemon "$base/run/$name.pid" TERM; done
  end_daemon "$base/run/slurmctld.pid" TERM
  end_daemon "$base/munge/pid" TERM
}

case ${1:-} in
  up) up ;;
  down) down ;;
  env) echo "export SLURM_CONF=$conf" ;;
  controller-down) end_daemon "$base/run/slurmctld.pid" KILL ;;
  controller-up) start_controller ;;
  *) say "usage: $0 up|down|env|controller-down|controller-up"; exit 2 ;;
esac
