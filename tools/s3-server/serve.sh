#!/bin/sh
# Runs a Ceph of one monitor, one disk in memory and one S3 gateway on the loopback until its standard input ends. It is process 1
# of namespaces of its own (`unshare --mount --pid --fork`), and its state lies in a tmpfs that only they see: when it ends,
# or whoever started it dies, the kernel ends every daemon and nothing is left behind.
# usage: serve.sh ROOT GATEWAY_PORT MONITOR_PORT true|false USER:ACCESS_KEY:SECRET_KEY...; the first user is the administrator
set -eu
root=$1 port=$2 monitor=$3 sessions=$4
shift 4
here=$(dirname "$0")

state=/run/s3
mkdir -p "$root$state"
mount -t tmpfs -o size=4g none "$root$state"
mount -t proc proc "$root/proc"
for directory in dev sys; do mount --rbind "/$directory" "$root/$directory"; done
mkdir "$root$state/mon" "$root$state/osd" "$root$state/rgw"

uuid() { cat /proc/sys/kernel/random/uuid; }
cluster=$(uuid)
sed -e "s/@CLUSTER@/$cluster/; s/@PORT@/$port/; s/@MONITOR@/$monitor/; s/@SESSIONS@/$sessions/" "$here/ceph.conf" >"$root$state/ceph.conf"

inside() {
  program=$1
  shift
  chroot "$root" "$program" -c "$state/ceph.conf" "$@"
}
chroot "$root" ceph-authtool --create-keyring --gen-key -n client.admin "$state/keyring"
chroot "$root" monmaptool --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$monitor]" "$state/monmap"
inside ceph-mon -i a --mkfs --monmap "$state/monmap"
inside ceph-mon -i a -f </dev/null &
inside ceph-osd -i 0 --mkfs --osd-uuid "$(uuid)"
inside ceph-osd -i 0 -f </dev/null &
# Hands out sessions, and slows others down (administration.ts).
admin=--admin
for user in "$@"; do
  keys=${user#*:}
  timeout 120 chroot "$root" radosgw-admin -c "$state/ceph.conf" user create --uid "${user%%:*}" \
    --display-name "${user%%:*}" --access-key "${keys%%:*}" --secret-key "${keys#*:}" $admin </dev/null >/dev/null
  admin=
done
inside radosgw -n client.admin -f </dev/null &
cat >/dev/null
