# Keeps one Postgres server for the test at the other end of stdin, and cleans up when that end closes, for whatever
# reason: a killed test cannot clean up itself.
#
#   sh -c .. NAME FOLDER BINARIES remove|keep [SERVER OPTION]..
#
# Takes commands line by line (start PORT, stop SIGNAL) and answers each with `done` or `failed`; the first answer, to no
# command, tells whether the new cluster was made. FOLDER/log says why something failed.

# The test may die before it reads an answer, and whoever ends it may signal every process of the job.
trap '' PIPE HUP INT TERM

folder=$1
binaries=$2
end=$3
shift 3
server=

start() {
    port=$1
    shift
    # A killed server leaves its state behind, which would be taken for the new one's. The file itself must stay: by it a new
    # server finds that a process of the old one is still there.
    if [ -s "$folder/data/postmaster.pid" ]; then
        left=$(sed 's/^ready.*/killed/' "$folder/data/postmaster.pid")
        printf '%s\n' "$left" >"$folder/data/postmaster.pid"
    fi
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
    if [ -s "$folder/data/PG_VERSION" ]; then
        running=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null)
        if [ -n "$running" ] && kill -0 "$running" 2>/dev/null; then
            echo "process $running uses $folder" >"$folder/log"
            return 1
        fi
        # What a killed server left: `start` would take its old state for the new server's.
        rm -f "$folder/data/postmaster.pid"
        return 0
    fi
    "$binaries/initdb" --no-sync -A trust --locale=C.UTF-8 -E UTF8 -U paddles -D "$folder/data" >"$folder/log" 2>&1
}

answer create
while read -r command argument; do
    case $command in
        start) answer start "$argument" "$@" ;;
        stop) answer stop "$argument" ;;
    esac
done

if [ "$end" = keep ]; then
    stop INT
else
    stop QUIT
    rm -rf "$folder"
fi
