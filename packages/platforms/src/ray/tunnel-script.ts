import { quote, quoteAll } from '@lautta/core/quote'
import type { RemoteForward } from './remote-forward-settings.ts'

/** What a remote forward adds to the batch script of a Ray cluster, in the sequence of the script. */
export interface TunnelScript {
  /** Once the folder is there, and before any program of the user begins. */
  prepare: string
  /** Once the head answers. */
  open: string
  /** At the end, before its description is removed. */
  close: string
}

/** The tunnel of a cluster: ssh, with a key that comes with the job's environment, to a machine whose key is pinned. */
export function renderTunnel(remoteForward: RemoteForward | null): TunnelScript {
  if (remoteForward === null) return { prepare: '', open: '', close: '' }
  return { prepare: prepare(remoteForward), open: open(remoteForward), close: '  close_tunnel\n  forget_key\n' }
}

// Each program of ssh but the one with -M asks that one, through the socket -S.
const prepare = ({ host, port, user, hostKeys, ports, reachedAt }: RemoteForward) => `
# The login node lets no connection through: the ports are brought to the machine of Lautta, where the key can do nothing else.
to_lautta=(ssh -F none -N -T -S "$folder/tunnel" -o BatchMode=yes -o ServerAliveInterval=30 -o ConnectTimeout=30 -o ConnectionAttempts=3
  -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$folder/tunnel-host" -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=lautta
  -o IdentitiesOnly=yes -o IdentityAgent=none -i "$folder/tunnel-key" -p ${port} ${quote(`${user}@${host}`)})
tunnel=
close_tunnel() {
  [ -z "$tunnel" ] || { kill "$tunnel"; wait "$tunnel"; } 2>/dev/null
  tunnel=
  rm -f "$folder"/{near,tunnel,tunnel-key,tunnel-host}
}
close_tunnel
trap close_tunnel EXIT
[ -n "$LAUTTA_TUNNEL_KEY" ] || give_up "LAUTTA_TUNNEL_KEY is not set: the private key that opens the tunnel to ${host}"
tunnel_key=$LAUTTA_TUNNEL_KEY
unset LAUTTA_TUNNEL_KEY
forget_key() { # Lautta's file of this job's variables, by the token in its name
  local variables=$HOME/.lautta/\${SLURM_JOB_NAME##*.}/environment
  [ ! -e "$variables" ] || sed -i '/^export LAUTTA_TUNNEL_KEY=/,/^-----END/d' "$variables"
}
command -v ssh >/dev/null || give_up "there is no ssh here, which the tunnel to ${host} needs"
printf 'lautta %s\\n' ${quoteAll(hostKeys)} >"$folder/tunnel-host"
log_in() { # the key lies in a file only meanwhile
  # Left by one that was killed, it would keep the next from making its own.
  rm -f "$folder/tunnel"
  printf '%s\\n' "$tunnel_key" >"$folder/tunnel-key"
  "\${to_lautta[@]}" -M </dev/null &
  child=$!
  until "\${to_lautta[@]}" -O check 2>/dev/null || ! kill -0 "$child" 2>/dev/null; do sleep 0.2; done
  rm -f "$folder/tunnel-key"
  kill -0 "$child" 2>/dev/null
}
bring() { # a port of the head, the port that it had there before: answers the one that it has now
  local one words
  for one in $2 $(shuf -i ${ports.first}-${ports.last}); do
    words=$("\${to_lautta[@]}" -O forward -R "${reachedAt}:$one:$address:$1" 2>&1) && echo "$one" && return
  done
  say "none of the ports ${ports.first}-${ports.last} of ${host} can be had: $words" >&2
  return 1
}
bring_all() {
  near[0]=$(bring "$dashboard" "\${near[0]}") && near[1]=$(bring "$client" "\${near[1]}") && near[2]=$(bring "$serve" "\${near[2]}")
}
keep_tunnel() { # ends if the first time fails; later somebody may be at work on the cluster
  local child near=() pause=5
  trap 'kill "$child" 2>/dev/null; wait "$child"; exit' TERM
  while :; do
    if log_in && bring_all; then
      echo "\${near[@]}" >"$folder/near.new" && mv "$folder/near.new" "$folder/near"
      [ ! -e "$folder/cluster.json" ] || "\${watch[@]}" near
      say "dashboard, client and Serve are ports \${near[*]} of ${host}"
      pause=5
      wait "$child"
      say "the tunnel to ${host} is lost: opening it anew"
    else
      kill "$child" 2>/dev/null
      [ -e "$folder/near" ] || return
    fi
    sleep "$pause" &
    child=$!
    wait "$child"
    pause=$((pause < 300 ? pause * 2 : 300))
  done
}
`

const open = ({ host }: RemoteForward) => `keep_tunnel 9>&- &
tunnel=$!
until [ -e "$folder/near" ]; do
  [ -z "$ending" ] || finish "$cause" "$ending"
  kill -0 "$tunnel" 2>/dev/null || finish failed "without a tunnel to ${host} nobody could reach it"
  sleep 0.2
done
`
