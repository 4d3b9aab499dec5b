#!/usr/bin/env bash
# Warifu on one machine for a first look: SoftHSM instead of an HSM, a development PKI, a demo batch
# of virtual tokens, and a guided tour through the running daemon.
#
# Not responsible for: production. PINs, keys and tokens made here are good for trials only.
set -eEuo pipefail
trap 'printf "softhsm-setup: line %s failed\n" "$LINENO" >&2' ERR
export LC_ALL=C.UTF-8 # the tour reads what the programs say: in English, wherever this runs

usage() {
    cat <<'HELP'
Usage: ./softhsm-setup.sh [COMMAND] [OPTIONS]

Commands:
  demo            set everything up, start warifud, and show two officers bringing tokens into
                  service, a code being accepted, refused as reused, a lock and an unlock, and the
                  life of a customer's token (the default)
  demo --stop     stop the daemon; with --purge also remove everything that was made
  init            set everything up, start nothing
  status          show what is there and whether the daemon runs

Options:
  --dir DIR       where everything is kept (default: /var/lib/warifu-demo for root, else
                  $XDG_STATE_HOME/warifu-demo or ~/.local/state/warifu-demo)
  --port N        port of the API on 127.0.0.1 (default 8443; metrics on the next one); once chosen
                  it is kept
  --release       build optimised programs (slower to build)
  --no-install    install nothing; a missing package is an error
  --help          this text

Safe to run again: what exists is kept. An existing token is never overwritten, and nothing outside
DIR and the build folder is touched, except that missing Debian packages are installed.

Exit codes: 0 done, 64 usage, 69 something needed is missing or does not answer, 70 the tour showed
something that it should not.
HELP
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here token_label=warifu-demo bank=demo-bank
# Who holds a certificate, as NAME:ROLE; each has a profile NAME.toml for warifu.
readonly -a people=(validator:validator operator:operator auditor:auditor sato:officer suzuki:officer)

say() {
    if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

die() {
    local code=$1
    shift
    printf 'softhsm-setup: %s\n' "$*" >&2
    exit "$code"
}

# --- arguments ------------------------------------------------------------------------------------
command=demo stop=no purge=no profile=debug install=yes dir='' port='' place=''

parse() {
    case ${1-} in
        demo | init | status) command=$1; shift ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
            --stop) stop=yes ;;
            --purge) purge=yes ;;
            --release) profile=release ;;
            --no-install) install=no ;;
            --dir | --port)
                [ -n "${2-}" ] || die 64 "$1 needs a value"
                if [ "$1" = --dir ]; then dir=$2; else port=$2; fi
                shift
                ;;
            --help | -h) usage; exit 0 ;;
            *) usage >&2; exit 64 ;;
        esac
        shift
    done
    if [ "$stop" = yes ] && [ "$command" != demo ]; then die 64 "--stop belongs to demo"; fi
    if [ "$purge" = yes ] && [ "$stop" = no ]; then die 64 "--purge belongs to demo --stop"; fi
    if [ -n "$port" ] && ! [[ $port =~ ^[1-9][0-9]{3,4}$ && $port -lt 65535 ]]; then
        die 64 "--port is a number from 1000 to 65534"
    fi
    if [ -n "$dir" ]; then
        dir=$(realpath -m -- "$dir")
        place=" --dir $dir"
    elif [ "$(id -u)" -eq 0 ]; then
        dir=/var/lib/warifu-demo
    else
        dir=${XDG_STATE_HOME:-$HOME/.local/state}/warifu-demo
    fi
}

# --- what the machine needs -----------------------------------------------------------------------
install_packages() {
    local missing=() as_root=() package log
    for package in softhsm2 openssl build-essential ca-certificates; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if [ "$install" = no ]; then die 69 "missing Debian packages: ${missing[*]}"; fi
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null \
            || die 69 "ask an administrator to run: apt-get install -y ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    log=$(mktemp)
    "${as_root[@]}" apt-get update -q >"$log" 2>&1 || true
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die 69 "apt-get could not install ${missing[*]}"
    fi
    rm -f "$log"
}

# The folder that cargo builds into, and ours if that of the source tree belongs to somebody else.
target_folder() {
    if [ -n "${CARGO_TARGET_DIR-}" ]; then
        realpath -m -- "$CARGO_TARGET_DIR"
    elif [ -w "$here/target" ] || { [ ! -e "$here/target" ] && [ -w "$here" ]; }; then
        echo "$here/target"
    else
        echo "$dir/build"
    fi
}

build() {
    PATH=$PATH:$HOME/.cargo/bin
    command -v cargo >/dev/null || die 69 "cargo is missing: install Rust from https://rustup.rs"
    say "Building warifud, warifu-hsm and warifu ($profile)"
    local options=()
    if [ "$profile" = release ]; then options+=(--release); fi
    (umask 022 && cd "$here" && CARGO_TARGET_DIR=$(target_folder) cargo build --locked "${options[@]}" \
        -p warifud -p warifu-hsm -p warifu-cli --bins)
}

find_programs() {
    programs=$(target_folder)/$profile
    PATH=$programs:$PATH
}

# --- what is made, each only where it is missing --------------------------------------------------
make_folder() {
    if [ -d "$dir" ] && [ ! -e "$dir/.warifu-demo" ] && [ -n "$(ls -A "$dir")" ]; then
        die 69 "$dir is not empty and was not made by this script: choose another --dir"
    fi
    mkdir -p "$dir/tokens" "$dir/pki"
    chmod 700 "$dir"
    touch "$dir/.warifu-demo"
    cd "$dir"
}

softhsm_module() {
    local path
    for path in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
        if [ -e "$path" ]; then echo "$path"; return; fi
    done
    die 69 "libsofthsm2.so was not found under /usr/lib"
}

has_token() { softhsm2-util --show-slots | grep -Eq "^ *Label: +$token_label *$"; }

# softhsm2-util takes PINs from its command line, where every user can read them, or from a terminal.
# So script(1) plays the terminal.
make_token() {
    cat >softhsm2.conf <<CONF
directories.tokendir = $dir/tokens
objectstore.backend = file
log.level = ERROR
CONF
    export SOFTHSM2_CONF=$dir/softhsm2.conf
    if has_token; then
        [ -s pin ] || die 69 "the token in $dir/tokens is there but $dir/pin is not"
        return
    fi
    say "Making a SoftHSM token named $token_label"
    openssl rand -hex 12 >pin
    openssl rand -hex 12 >so-pin
    cat so-pin so-pin pin pin | script -qec \
        "softhsm2-util --init-token --free --label $token_label" /dev/null >/dev/null \
        || die 69 "softhsm2-util could not make a token"
    has_token || die 69 "softhsm2-util made no token"
}

# certificate NAME SUBJECT EXTENSIONS: a P-256 key and a certificate by our CA.
certificate() {
    local name=$1 subject=$2 extensions=$3
    openssl ecparam -name prime256v1 -genkey -noout -out "pki/$name.key"
    openssl req -new -key "pki/$name.key" -subj "$subject" -out "pki/$name.csr"
    openssl x509 -req -in "pki/$name.csr" -CA pki/ca.pem -CAkey pki/ca.key -days 90 -sha256 \
        -set_serial "0x$(openssl rand -hex 15)" -out "pki/$name.pem" 2>/dev/null \
        -extfile <(printf 'basicConstraints=critical,CA:false\nauthorityKeyIdentifier=keyid\n%s\n' \
            "$extensions")
    rm "pki/$name.csr"
}

revocation_list() {
    touch pki/revoked.txt
    printf '[ca]\ndefault_ca=demo\n[demo]\ndatabase=pki/revoked.txt\ndefault_md=sha256\n' >pki/ca.conf
    printf 'default_crl_days=90\ncrl_extensions=extensions\n' >>pki/ca.conf
    printf '[extensions]\nauthorityKeyIdentifier=keyid\n' >>pki/ca.conf
    openssl ca -config pki/ca.conf -gencrl -keyfile pki/ca.key -cert pki/ca.pem -crlexts extensions \
        -crl_lastupdate "$(date -u +%y%m%d%H%M%SZ)" -out pki/crl.pem 2>/dev/null
}

pki_is_whole() {
    local one
    for one in "${people[@]}"; do
        if [ ! -s "pki/${one%:*}.pem" ]; then return 1; fi
    done
    [ -s pki/crl.pem ] && openssl x509 -noout -checkend 604800 -in pki/server.pem >/dev/null
}

make_pki() {
    if pki_is_whole; then return; fi
    say "Making a development PKI for $bank"
    if running >/dev/null; then stop_daemon; fi # it starts again with the new certificates
    if [ ! -s pki/ca.pem ] || ! openssl x509 -noout -checkend 8640000 -in pki/ca.pem >/dev/null; then
        openssl ecparam -name prime256v1 -genkey -noout -out pki/ca.key
        openssl req -x509 -new -key pki/ca.key -sha256 -days 730 -out pki/ca.pem \
            -subj "/O=Warifu demo/CN=Warifu demo CA" \
            -addext 'keyUsage=critical,keyCertSign,cRLSign'
    fi
    certificate server "/O=Warifu demo/CN=localhost" "$(printf '%s\n%s\n' \
        'extendedKeyUsage=serverAuth' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1')"
    local one name role
    for one in "${people[@]}"; do
        name=${one%:*} role=${one#*:}
        if [ "$role" != officer ]; then name=$name-1; fi # officers are persons, the others seats
        certificate "${one%:*}" "/O=$bank/CN=$name" "$(printf '%s\n%s\n' \
            'extendedKeyUsage=clientAuth' "subjectAltName=URI:warifu://$bank/$role/$name")"
    done
    revocation_list
}

make_configuration() {
    local one kept=''
    if [ -e warifud.toml ]; then
        kept=$(sed -n 's/^listen = "127.0.0.1:\([0-9]*\)"$/\1/p' warifud.toml | head -n 1)
    fi
    port=${port:-${kept:-8443}}
    if [ "$port" != "$kept" ] && running >/dev/null; then
        die 64 "warifud runs on port $kept: stop it before you choose another"
    fi
    cat >warifud.toml <<CONF
# Made by softhsm-setup.sh. Every key: docs/warifud.example.toml.
[server]
listen = "127.0.0.1:$port"
certificate = "$dir/pki/server.pem"
key = "$dir/pki/server.key"
client_ca = "$dir/pki/ca.pem"
crl = ["$dir/pki/crl.pem"]

[metrics]
listen = "127.0.0.1:$((port + 1))"
plain = true # HTTP without TLS, on this machine only

[store]
path = "$dir/store"

[hsm]
module = "$(softhsm_module)"
token_label = "$token_label"
pin_file = "$dir/pin"
environment = { SOFTHSM2_CONF = "$dir/softhsm2.conf" }

[clock]
require_synchronised = false # a trial in a container has no say over the kernel's clock

[[institution]]
name = "$bank"
profile = "standalone" # codes are checked by serial; the bank's own systems know whose token it is
CONF
    for one in "${people[@]%:*}"; do
        printf 'server = "https://localhost:%s"\nca = "pki/ca.pem"\ncert = "pki/%s.pem"\nkey = "pki/%s.key"\n' \
            "$port" "$one" "$one" >"$one.toml"
    done
}

# Keys in the HSM, the store, and three batches of virtual tokens as a manufacturer would ship them.
make_contents() {
    say "Making the keys in the HSM and the store, where they are missing"
    warifu hsm init --config warifud.toml
    if [ ! -e store ]; then
        warifud --config warifud.toml init
    fi
    if [ ! -s hotp.xml ]; then
        local key=--new-key-file
        if [ -s transport.hex ]; then key=--key-file; fi
        warifu token batch hotp.xml --keyring hotp.json --count 100 --kind hotp --force \
            --first-serial H0000001 "$key" transport.hex
    fi
    if [ ! -s totp.xml ]; then
        warifu token batch totp.xml --keyring totp.json --count 100 --kind totp --force \
            --first-serial T0000001 --hash SHA256 --digits 8 --key-file transport.hex
    fi
    if [ ! -s cards.xml ]; then # serials as customers type them: digits only
        warifu token batch cards.xml --keyring cards.json --count 100 --kind hotp --force \
            --first-serial 10000001 --key-file transport.hex
    fi
    if ! warifu hsm key list --config warifud.toml --json | grep -q '"demo"'; then
        warifu hsm key import demo --file transport.hex --config warifud.toml
    fi
}

# --- the daemon -----------------------------------------------------------------------------------
# Prints the process id if the daemon of this folder runs.
running() {
    local pid
    pid=$(cat "$dir/warifud.pid" 2>/dev/null) || return 1
    if [[ $pid =~ ^[0-9]+$ ]] \
        && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--config $dir/warifud.toml"
    then
        echo "$pid"
    else
        return 1
    fi
}

start_daemon() {
    local pid tries
    if pid=$(running); then
        say "warifud runs already (process $pid)"
        return
    fi
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        die 69 "something else listens on port $port: choose another --port"
    fi
    say "Starting warifud"
    setsid warifud --config "$dir/warifud.toml" run >>warifud.log 2>&1 </dev/null &
    pid=$!
    echo "$pid" >warifud.pid
    for ((tries = 0; tries < 300; tries++)); do
        if warifu --profile operator.toml status >status.txt 2>&1; then
            echo "process $pid, https://localhost:$port, log in $dir/warifud.log"
            return
        fi
        if ! kill -0 "$pid" 2>/dev/null; then break; fi
        sleep 0.2
    done
    cat status.txt >&2
    tail -n 5 warifud.log >&2
    die 69 "warifud is not ready; its log is $dir/warifud.log"
}

stop_daemon() {
    local pid tries
    if pid=$(running); then
        kill "$pid"
        for ((tries = 0; tries < 300; tries++)); do
            if ! kill -0 "$pid" 2>/dev/null; then break; fi
            sleep 0.1
        done
        if kill -0 "$pid" 2>/dev/null; then die 69 "process $pid does not end"; fi
        echo "warifud stopped"
    else
        echo "warifud does not run"
    fi
    rm -f "$dir/warifud.pid"
}

purge() {
    if [ -e "$dir/.warifu-demo" ]; then
        rm -rf -- "$dir"
        echo "$dir removed"
    fi
}

# --- the tour -------------------------------------------------------------------------------------
# show EXIT-CODE PATTERN COMMAND: prints a command line, runs it, and insists on what it answers.
show() {
    local expected=$1 pattern=$2 line=$3 code=0 answer
    printf '\n$ %s\n' "$line"
    answer=$(eval "$line" 2>&1) || code=$?
    printf '%s\n' "$answer"
    if [ "$code" -ne "$expected" ] || ! grep -Eq -- "$pattern" <<<"$answer"; then
        die 70 "expected exit code $expected and /$pattern/, got exit code $code"
    fi
}

in_service() { warifu --profile operator.toml tokens show "$1" >/dev/null 2>&1; }

# state_of BATCH: a word of the import, nothing where there is none of this name.
state_of() {
    { warifu --profile sato.toml imports show "$1" 2>/dev/null || true; } \
        | awk '$1 == "state" { print $2 }'
}

# A name for the batch of a file: another one where an earlier batch was refused or not decided about.
batch_of() {
    local batch=$1 number=1
    while [[ $(state_of "$batch") =~ ^(rejected|refused|failed|cancelled)$ ]]; do
        number=$((number + 1))
        batch=$1-$number
    done
    echo "$batch"
}

fingerprint_of() {
    warifu --profile sato.toml --json imports show "$1" \
        | grep -oE '"fingerprint": ?"[0-9a-f]{64}"' | grep -oE '[0-9a-f]{64}'
}

# import NAME FIRST-SERIAL: one officer stages, the other approves; each step only where it is left.
import() {
    local name=$1 first=$2 batch by=sato other=suzuki
    if in_service "$first"; then
        echo "batch $name is in service already"
        return
    fi
    batch=$(batch_of "$name")
    if [ "$(state_of "$batch")" != staged ]; then
        show 0 'STAGED' "warifu --profile sato.toml import $name.xml --key-label demo --batch $batch"
    fi
    say "Whoever staged it can not approve it; the other officer can, with the fingerprint that is read out"
    if warifu --profile sato.toml imports show "$batch" | grep -Eq '^staged by +suzuki$'; then
        by=suzuki other=sato # by somebody who tried things out
    fi
    show 1 'Another person' "warifu --profile $by.toml imports approve $batch \
--fingerprint $(fingerprint_of "$batch")"
    show 0 'done' "warifu --profile $other.toml imports approve $batch \
--fingerprint $(fingerprint_of "$batch")"
}

# The next counter that the server expects of a HOTP token.
next_counter() {
    warifu --profile operator.toml --json tokens show "$1" \
        | grep -oE '"counter_next": ?[0-9]+' | grep -oE '[0-9]+$'
}

status_of() {
    warifu --profile operator.toml tokens show "$1" | awk '$1 == "status" { print $2 }'
}

# wrong CODE-COMMAND ASK-COMMAND SERIAL FROM: wrong codes until the token is locked.
wrong() {
    local code=$1 ask=$2 serial=$3 from=$4 tries
    for ((tries = 1; tries <= 20; tries++)); do
        show 1 'rejected' "$code $((from + tries)) | $ask"
        if [ "$(status_of "$serial")" = locked ]; then break; fi
    done
}

lock_and_unlock() {
    local serial=$1 counter
    if [ "$(status_of "$serial")" = locked ]; then # by somebody who tried things out
        warifu --profile operator.toml tokens unlock "$serial" >/dev/null
    fi
    counter=$(next_counter "$serial")
    local code="warifu token code --keyring hotp.json --serial $serial --counter"
    local ask="warifu --profile validator.toml verify $serial"
    say "A code of an event-based token (HOTP), then the same code again"
    show 0 'accepted' "$code $counter | $ask"
    show 1 'reused' "$code $counter | $ask"
    say "Wrong codes (of counters far away) until the token is locked"
    wrong "$code" "$ask" "$serial" $((counter + 5000))
    say "Now even the right code is refused, and is not used up by that"
    show 1 'locked' "$code $((counter + 1)) | $ask"
    say "The help desk identifies the customer and lifts the lock"
    show 0 'active' "warifu --profile operator.toml tokens unlock $serial --reason 'caller identified'"
    show 0 'accepted' "$code $((counter + 1)) | $ask"
}

# life_of_a_token CONTRACT SERIAL: issue, register, lock, unlock, revoke, for users of a customer.
life_of_a_token() {
    local contract=$1 serial=$2 desk="warifu --profile operator.toml" code
    local list="$desk contract users $contract --language ja"
    code="warifu token code --keyring cards.json --serial $serial --counter"
    say "A customer with two users; the bank sends one of them a token"
    show 0 'individual' "$desk contract set $contract --reason 'new customer' --reference A-1"
    show 0 'unregistered' "$desk user set U1 --contract $contract --role master"
    show 0 'unregistered' "$desk user set U2 --contract $contract --role general"
    show 0 'issued' "$desk tokens issue $serial --contract $contract --user U1 \
--reason 'paper form' --reference A-2"
    say "Serial and one code take it into service; the list of users shows it"
    show 0 'in_service' "$code $(next_counter "$serial") | $desk user register U1 \
--contract $contract --serial $serial --reason 'by phone' --reference T-1"
    show 0 'サービス利用中' "$list"
    say "Wrong codes lock it; the help desk sees why, and lifts the lock"
    wrong "$code" "warifu --profile validator.toml verify $serial" "$serial" 5000
    show 0 'is locked now' "$desk tokens history $serial"
    show 0 'Done' "$desk user unlock U1 --contract $contract --reason 'identified' --reference T-2"
    say "The token is taken away; from when on its user may register again is shown"
    show 1 'reason_required' "$desk user revoke U1 --contract $contract"
    show 0 'Done' "$desk user revoke U1 --contract $contract --reason 'token lost' --reference T-3"
    show 0 '失効中' "$list"
    say "All of this is the bank's policy, which explains itself"
    show 0 '失効の30分後' "warifu policy explain --institution $bank --config warifud.toml \
--language ja | grep -A 5 '^失効'"
}

tour() {
    local run totp slot
    run=$(($(cat runs 2>/dev/null || echo 0) + 1))
    echo "$run" >runs
    # A time-based code is good once per time step: each run takes another token.
    slot=$(((run - 1) % 100 + 1))
    totp=$(printf 'T%07d' "$slot")
    say "Tour. To repeat a command:"
    printf "  cd %s\n  export PATH=%s:\$PATH SOFTHSM2_CONF=%s\n" "$dir" "$programs" "$SOFTHSM2_CONF"
    say "Two officers bring three encrypted seed files (PSKC, RFC 6030) into service"
    import hotp H0000001
    import totp T0000001
    import cards 10000001
    say "A code of a time-based token (TOTP, SHA-256, 8 digits)"
    show 0 'accepted' "warifu token code --keyring totp.json --serial $totp | \
warifu --profile validator.toml verify $totp"
    lock_and_unlock H0000001
    life_of_a_token "$(printf 'C-%04d' "$slot")" $((10000000 + slot))
    say "An auditor takes the record of all that and checks it away from the server"
    show 0 'written' "warifu --profile auditor.toml audit export audit.jsonl --force"
    show 0 'SOUND' "warifu audit verify audit.jsonl --public-key \
\$(warifu --profile auditor.toml audit public-key)"
    cat <<NEXT

That was Warifu. The daemon goes on running. What to try next, in $dir:
  warifu --profile operator.toml tokens list --prefix H000000
  warifu --profile operator.toml status
  warifu --profile operator.toml user history U1 --contract $(printf 'C-%04d' "$slot")
  warifu policy list
  warifu hsm doctor --config warifud.toml
  warifu seedfile inspect hotp.xml --key-file transport.hex
  warifu --profile sato.toml backup create backup.wfb
  warifu --profile sato.toml imports report hotp
  curl -s http://127.0.0.1:$((port + 1))/metrics
Stop it:   $here/softhsm-setup.sh demo --stop$place
Remove it: $here/softhsm-setup.sh demo --stop --purge$place
NEXT
}

show_status() {
    local pid
    if [ ! -e "$dir/.warifu-demo" ]; then
        echo "$dir: nothing set up"
        return
    fi
    cd "$dir"
    echo "folder      $dir"
    if pid=$(running); then
        echo "warifud     process $pid"
        warifu --profile operator.toml status || exit 69
    else
        echo "warifud     does not run"
    fi
}

set_up() {
    install_packages
    make_folder
    build
    find_programs
    make_token
    make_pki
    make_configuration
    make_contents
}

main() {
    parse "$@"
    umask 077
    case $command in
        init) set_up; say "Ready: $here/softhsm-setup.sh demo starts it" ;;
        status) find_programs; show_status ;;
        demo)
            if [ "$stop" = yes ]; then
                stop_daemon
                if [ "$purge" = yes ]; then purge; fi
            else
                set_up
                start_daemon
                tour
            fi
            ;;
    esac
}

main "$@"
