# shellcheck shell=bash
# lib-peers: ejabberd and Prosody from Debian's packages, for scripts/bench to measure beside Hotline.
#
# Sourced, not run. Each peer serves direct TLS on one loopback port out of a directory of its own, with
# XEP-0198 and carbons, plain-text accounts, no limits on rate, and no federation. Nothing of Debian's own
# configuration is read or changed, and neither is ever started as a service.

peers_install() {
  local missing=()
  [ -x /usr/sbin/ejabberdctl ] || missing+=(ejabberd)
  [ -x /usr/bin/prosody ] || missing+=(prosody)
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "installing for the comparison: ${missing[*]}" >&2
  # Debian starts services on installation; policy-rc.d is its own way of saying no.
  local policy=/usr/sbin/policy-rc.d had_policy=0
  [ -e "$policy" ] && had_policy=1
  [ $had_policy -eq 1 ] || printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  [ $had_policy -eq 1 ] || "${as_root[@]}" chmod +x "$policy"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2
  local status=$?
  [ $had_policy -eq 1 ] || "${as_root[@]}" rm -f "$policy"
  return $status
}

# A loopback port that nobody listens on.
free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 10000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return 0
    fi
  done
  return 1
}

peer_certificate() { # DIR
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
  cat "$1/cert.pem" "$1/key.pem" >"$1/both.pem"
}

# Starts NAME (ejabberd, ejabberd-full or prosody) in DIR with accounts PREFIX00000 and on, and waits until it
# serves. Sets peer_pid and peer_port. ejabberd-full has privacy lists and blocking loaded besides.
peer_start() { # NAME DIR PREFIX COUNT PASSWORD
  mkdir -p "$2" && peer_certificate "$2" || return 1
  peer_restart "$@"
}

# The same on what DIR holds already, on another port.
peer_restart() { # NAME DIR PREFIX COUNT PASSWORD
  local name=$1 dir=$2
  rm -f "$dir/ready"
  peer_port=$(free_port) || return 1
  case $name in
    ejabberd*) ejabberd_start "$@" ;;
    prosody) prosody_start "$@" ;;
    *) echo "peer_start: no peer is called $name" >&2; return 1 ;;
  esac
  for _ in $(seq 600); do
    if ! kill -0 "$peer_pid" 2>/dev/null; then
      echo "$name did not start; the end of its log:" >&2
      cat "$dir"/*.log | tail -n 20 >&2
      return 1
    fi
    if [ -e "$dir/ready" ] && (exec 3<>"/dev/tcp/127.0.0.1/$peer_port") 2>/dev/null; then return 0; fi
    sleep 0.2
  done
  echo "$name did not serve within two minutes" >&2
  peer_stop
  return 1
}

peer_stop() {
  [ -n "${peer_pid:-}" ] || return 0
  kill "$peer_pid" 2>/dev/null
  for _ in $(seq 50); do
    kill -0 "$peer_pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$peer_pid" 2>/dev/null
  wait "$peer_pid" 2>/dev/null
  peer_pid=''
}

# erl is started directly and without a node name: so there is no epmd to leave behind, and the process to
# measure is the one started here.
ejabberd_start() { # NAME DIR PREFIX COUNT PASSWORD
  local name=$1 dir=$2 prefix=$3 count=$4 password=$5 more=
  [ "$name" = ejabberd-full ] && more=$'  mod_privacy: {}\n  mod_blocking: {}\n'
  cat >"$dir/ejabberd.yml" <<END
hosts: [localhost]
loglevel: warning
certfiles: ["$dir/both.pem"]
auth_method: internal
auth_password_format: plain
shaper_rules:
  unlimited_messages: infinity
listen:
  - port: $peer_port
    ip: "127.0.0.1"
    module: ejabberd_c2s
    tls: true
    max_stanza_size: 262144
modules:
  mod_carboncopy: {}
  mod_disco: {}
  mod_offline:
    access_max_user_messages: unlimited_messages
  mod_ping: {}
  mod_roster: {}
  mod_stream_mgmt:
    max_ack_queue: infinity
    resend_on_timeout: true
$more
END
  mkdir -p "$dir/spool"
  local make_accounts="[ejabberd_auth:try_register(iolist_to_binary(io_lib:format(\"$prefix~5..0b\", [I])),
    <<\"localhost\">>, <<\"$password\">>) || I <- lists:seq(0, $((count - 1)))], file:write_file(\"$dir/ready\", \"\")."
  EJABBERD_CONFIG_PATH="$dir/ejabberd.yml" EJABBERD_LOG_PATH="$dir/ejabberd.log" \
    ERL_CRASH_DUMP="$dir/crash.log" ERL_LIBS=/usr/lib/x86_64-linux-gnu ERL_MAX_PORTS=32000 HOME="$dir" \
    erl -noinput +K true +P 250000 -mnesia dir "\"$dir/spool\"" -s ejabberd -eval "$make_accounts" \
    >"$dir/stdout.log" 2>&1 </dev/null &
  peer_pid=$!
}

prosody_start() { # NAME DIR PREFIX COUNT PASSWORD
  local dir=$2 prefix=$3 count=$4 password=$5 runs_as_root=false
  [ "$(id -u)" -eq 0 ] && runs_as_root=true
  mkdir -p "$dir/data/localhost/accounts"
  local i
  for ((i = 0; i < count; i++)); do
    printf 'return {\n\t["password"] = "%s";\n};\n' "$password" >"$(printf '%s/data/localhost/accounts/%s%05d.dat' "$dir" "$prefix" "$i")"
  done
  cat >"$dir/prosody.cfg.lua" <<END
run_as_root = $runs_as_root
daemonize = false
pidfile = "$dir/prosody.pid"
data_path = "$dir/data"
log = { warn = "$dir/prosody.log" }
network_backend = "epoll"
authentication = "internal_plain"
storage = "internal"
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "carbons", "smacks", "offline" }
modules_disabled = { "s2s" }
interfaces = { "127.0.0.1" }
c2s_ports = {}
c2s_direct_tls_ports = { $peer_port }
ssl = { key = "$dir/key.pem", certificate = "$dir/cert.pem" }
c2s_direct_tls_ssl = { key = "$dir/key.pem", certificate = "$dir/cert.pem" }
VirtualHost "localhost"
END
  touch "$dir/ready" "$dir/prosody.log"
  prosody -F --config "$dir/prosody.cfg.lua" >"$dir/stdout.log" 2>&1 </dev/null &
  peer_pid=$!
}
