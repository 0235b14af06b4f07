# Keeps one Postgres server for the test at the other end of stdin, and cleans up when that end closes, for whatever
# reason: a killed test cannot clean up itself.
#
#   sh -c .. NAME FOLDER BINARIES [SERVER OPTION]..
#
# Takes commands line by line (start PORT, stop SIGNAL) and answers each with `done` or `failed`; the first answer, to no
# command, tells whether the new cluster was made. FOLDER/log says why something failed.

# The test may die before it reads an answer, and whoever ends it may signal every process of the job.
trap '' PIPE HUP INT TERM

folder=$1
binaries=$2
shift 2
server=

start() {
    port=$1
    shift
    "$binaries/postgres" -D "$folder/data" -k "$folder" -p "$port" "$@" >>"$folder/log" 2>&1 &
    server=$!
    waits=0
    # The server writes its state into this file; `pg_ctl` waits for the same word.
    until grep -q '^ready' "$folder/data/postmaster.pid" 2>/dev/null; do
        waits=$((waits + 1))
        if [ "$waits" -gt 1500 ] || ! kill -0 "$server" 2>/dev/null; then
            stop QUIT
            return 1
        fi
        sleep 0.02
    done
}

stop() {
    [ -n "$server" ] || return 0
    kill -s "$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

answer() {
    if "$@"; then echo 'done'; else echo 'failed'; fi
}

create() {
    "$binaries/initdb" --no-sync -A trust --locale=C.UTF-8 -E UTF8 -U paddles -D "$folder/data" >"$folder/log" 2>&1
}

answer create
while read -r command argument; do
    case $command in
        start) answer start "$argument" "$@" ;;
        stop) answer stop "$argument" ;;
    esac
done

stop QUIT
rm -rf "$folder"
