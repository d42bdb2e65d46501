#!/bin/sh
# Unpacks Ceph's S3 gateway, and what it needs, from Debian's packages into a directory of its own: nothing is installed on the
# machine and no script of a package is run. Done once; the next call finds it there. Prints the directory.
# usage: unpack.sh CACHE_DIRECTORY
set -eu
umask 022
cache=$1
# Ceph 20 is in both; now and then one of them has packages that do not fit together. Older releases have gateways that ignore If-Match
# and keep no checksums.
suites='testing sid'

mkdir -p "$cache"
exec 8>"$cache/lock"
flock 8
for suite in $suites; do
  if [ -e "$cache/radosgw-$suite/.complete" ]; then
    echo "$cache/radosgw-$suite"
    exit 0
  fi
done

apt=$(mktemp -d "$cache/apt.XXXXXX")
trap 'rm -rf "$apt"' EXIT

# What only set-up scripts and Python tools use: half of the bytes.
unused='^(python3|libpython3|binutils|libbinutils|systemd|libsystemd-shared|sudo|lvm2|dmsetup|xfsprogs|passwd|login|perl|dpkg|adduser|cryptsetup|parted|smartmontools|nvme|udev|procps|psmisc|gdisk|openssl|gpgv|apt|libapt|mount|util-linux|dbus|init-system)'

# apt with a state of its own: it checks signatures and digests, and knows nothing of what the machine has.
fetch() { # suite
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/etc" "$apt/debs"
  : >"$apt/status"
  # The mirror that this machine takes its packages from.
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v security | sort | uniq -c | sort -rn | sed -n '1s/^ *[0-9]* //p')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/etc/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "$apt/etc/none";
Dir::Etc::preferencesparts "$apt/etc";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  private="env APT_CONFIG=$apt/apt.conf apt-get"
  $private -qq update >&2 || return 1
  $private install --print-uris -qq -y radosgw ceph-mon ceph-osd ceph-base ceph-common 2>"$apt/said" |
    sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" | sort -u | grep -vE "$unused" >"$apt/names" || true
  if [ ! -s "$apt/names" ]; then
    cat "$apt/said" >&2
    echo "apt-get can fetch no radosgw from Debian $1 at $mirror" >&2
    return 1
  fi
  (cd "$apt/debs" && xargs $private -qq download <"$apt/names") >&2
}

unpack() { # root
  for directory in usr/bin usr/sbin usr/lib usr/lib64 proc dev sys tmp etc var/tmp run/s3; do
    mkdir -p "$1/$directory"
  done
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$1/$directory"; done
  for package in "$apt"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$1" \
      --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
  done
  # Ceph reads it when it starts.
  [ -e "$1/etc/os-release" ] || echo 'ID=debian' >"$1/etc/os-release"
  touch "$1/.complete"
}

for suite in $suites; do
  fetch "$suite" || continue
  root=$cache/radosgw-$suite
  rm -rf "$root" "$root.new"
  unpack "$root.new"
  mv "$root.new" "$root"
  echo "$root"
  exit 0
done
exit 1
