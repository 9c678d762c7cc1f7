#!/bin/sh
# Copies what the server needs of Debian into the folder $1: the programs $2…, the libraries that they link, the
# certificates of the public authorities, users and time zones. The image has no shell and no package manager:
# less to attack, less to update, and 70 MB less to pull.
#
# The list of the packages that the files come from goes to var/lib/dpkg/status.d, where image scanners look for it.
set -eu

root=$1
shift
files=/tmp/runtime-files

mkdir -p "$root/tmp" "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d" "$root/usr/share/doc"
chmod 1777 "$root/tmp"
# Debian's merged /usr: the loader is looked up below /lib64.
for link in bin lib lib64 sbin; do
  mkdir -p "$root/usr/$link"
  ln -s "usr/$link" "$root/$link"
done

for program in "$@"; do
  command -v "$program"
  ldd "$(command -v "$program")" | awk '/=> \// { print $3 } $1 ~ /^\// { print $1 }'
done | sort -u | while read -r path; do
  # The link and what it points to: libc.so.6 is a file, libpng16.so.16 is a link.
  # /lib is a link to /usr/lib: the files are copied to where they are.
  path=$(readlink -f "$(dirname "$path")")/$(basename "$path")
  echo "$path"
  readlink -f "$path"
done | sort -u > "$files"
{
  find /usr/share/tesseract-ocr -type f
  find /usr/lib/locale/C.utf8 -type f
  # desk.hours.time_zone; posix and right are the same zones again.
  find /usr/share/zoneinfo \( -name posix -o -name right \) -prune -o \( -type f -o -type l \) -print
  echo /etc/nsswitch.conf
} >> "$files"

# One call of tar keeps links as links.
tar --create --no-recursion --files-from "$files" --directory / 2>/dev/null | tar --extract --directory "$root"
if [ -e "$root/usr/lib/x86_64-linux-gnu/libicudata.so.72" ]; then
  as -o /tmp/icu-stubdata.o /usr/local/share/icu-stubdata.s
  ld -shared -soname libicudata.so.72 -o "$root$(readlink -f /usr/lib/x86_64-linux-gnu/libicudata.so.72)" /tmp/icu-stubdata.o
fi
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/os-release "$root/etc/os-release"
printf 'root:x:0:0:root:/root:/usr/sbin/nologin\nhsc:x:10001:10001::/var/lib/hsc:/usr/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nhsc:x:10001:\n' > "$root/etc/group"

# Debian lists a library of /lib below /usr/lib or below /lib, by package.
{
  echo ca-certificates
  while read -r path; do
    dpkg-query --search "$path" "${path#/usr}" 2>/dev/null || true
  done < "$files" | sed 's/: .*//; s/:[a-z0-9]*$//'
} | tr ',' '\n' | sed 's/^ *//; s/:[a-z0-9]*$//' | sort -u | while read -r package; do
  dpkg-query --status "$package" > "$root/var/lib/dpkg/status.d/$package"
  if [ -e "/usr/share/doc/$package/copyright" ]; then
    mkdir -p "$root/usr/share/doc/$package"
    cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
  fi
done
