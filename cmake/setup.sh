# SPDX-License-Identifier: MIT
#
# Set-up for ./run-demo, ./run-tests and .ci/run, which source this file in the repository's root and call
#     weft_setup PROFILE       PROFILE: demo, tests or ci
# On return everything that the profile needs is there; otherwise the script has exited: 3 when packages would have to be
# installed and cannot be from here, 1 when installing failed. With everything there, nothing asks the network.
# POSIX sh: it must get as far as its message on systems that have no bash.

# The packages of each profile, as Debian 12 names them.
weft_packages() {
  case $1 in
    demo) echo gcc libc6-dev cmake ninja-build pkg-config libxxhash-dev libsimde-dev libcsv-dev libjansson-dev xxhash sqlite3 zstd ;;
    tests) echo "$(weft_packages demo)" g++ check libsubunit-dev libsqlite3-dev binutils ;;
    ci) echo "$(weft_packages tests)" make clang clang-format qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross util-linux
      echo gcc-s390x-linux-gnu libc6-dev-s390x-cross
      echo libmimalloc2.0 libjemalloc2 libtcmalloc-minimal4 liblz4-1 libzstd1 libstreamvbyte0 valgrind ;;
    ci-arm64) echo libxxhash-dev:arm64 libsimde-dev check:arm64 libsubunit-dev:arm64 libcsv-dev:arm64 libjansson-dev:arm64 libsqlite3-dev:arm64 ;;
    ci-s390x) echo libxxhash-dev check libsubunit-dev libcsv-dev libjansson-dev libsqlite3-dev ;;
  esac
}

# What must be found once those packages are installed: a package that is "installed" may have lost its files.
weft_witnesses() {
  case $1 in
    demo) echo gcc cmake ninja pkg-config xxhsum sqlite3 zstd /usr/include/xxhash.h /usr/include/simde/x86/avx2.h /usr/include/csv.h
      echo /usr/include/jansson.h ;;
    tests) echo "$(weft_witnesses demo)" g++ nm readelf strip /usr/include/check.h /usr/include/sqlite3.h ;;
    ci) echo "$(weft_witnesses tests)" make clang clang-format qemu-x86_64 qemu-aarch64 aarch64-linux-gnu-gcc setarch
      echo qemu-s390x s390x-linux-gnu-gcc
      echo valgrind /usr/include/valgrind/memcheck.h ;;
    ci-arm64) echo /lib/ld-linux-aarch64.so.1 ;;
  esac
}

# Those of the named packages that dpkg does not know as installed.
weft_missing() {
  dpkg-query -W -f '${Package}:${Architecture} ${db:Status-Abbrev}\n' 2>/dev/null |
    awk -v want="$*" -v native="$(dpkg --print-architecture)" '
      $2 == "ii" { have[$1] = 1 }
      END {
        for (n = split(want, names, " "); i < n;) {
          name = names[++i]
          split(name, part, ":")
          full = part[2] ? name : name ":" native
          if (!(full in have) && !(part[1] ":all" in have)) printf "%s ", name
        }
      }'
}

weft_is_debian12() {
  [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ]) &&
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

# weft_give_up REASON PACKAGE...: names the packages and ends with 3.
weft_give_up() {
  printf '%s\n' "set-up: $1" >&2
  shift
  printf 'set-up: packages needed, by the names they have in Debian 12:\n' >&2
  printf '  %s\n' "$@" >&2
  exit 3
}

# weft_root COMMAND...: runs it as root, by sudo where need be. Its messages are the user's to see.
weft_root() {
  # dpkg refuses to work without the sbin folders, which a plain `su` leaves out.
  set -- env DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" "$@"
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# sudo counts when it asks for no password, or when there is somebody at a terminal to ask.
weft_can_be_root() {
  [ "$(id -u)" -eq 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }
}

# apt-get's output goes to a file and is shown when it fails; a source of packages that does not answer is no failure by
# itself, as what is needed may come from another.
weft_apt() {
  weft_log=$(mktemp) || exit 1
  if weft_root apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$weft_log" 2>&1; then
    weft_rc=0
  else
    weft_rc=$?
    tail -n 15 "$weft_log" >&2
  fi
  rm -f "$weft_log"
  return $weft_rc
}

# The package index is part of the demo's data, so an empty one is something missing.
weft_has_index() {
  for weft_list in /var/lib/apt/lists/*_Packages*; do
    [ -s "$weft_list" ] && return 0
  done
  return 1
}

# weft_install PROFILE [APT-OPTION...]: installs what the profile lacks.
weft_install() {
  weft_profile=$1
  shift
  weft_lacking=$(weft_missing $(weft_packages "$weft_profile"))
  weft_index_wanted=no
  [ "$weft_profile" != demo ] || weft_has_index || weft_index_wanted=yes
  [ -n "$weft_lacking" ] || [ $weft_index_wanted = yes ] || return 0
  if ! weft_can_be_root; then
    [ -n "$weft_lacking" ] || {
      printf 'set-up: the index of packages is empty; as root, apt-get update fetches it\n' >&2
      exit 3
    }
    weft_give_up 'packages are missing, and this is neither root nor a user with sudo' $weft_lacking
  fi
  [ -z "$weft_lacking" ] || printf 'set-up: about to install with apt-get: %s\n' "$weft_lacking"
  [ $weft_index_wanted = no ] || printf 'set-up: about to fetch the index of packages with apt-get update\n'
  weft_apt "$@" update || printf 'set-up: apt-get update had failures; trying with what there is\n' >&2
  [ $weft_index_wanted = no ] || weft_has_index || { printf 'set-up: the index of packages is still empty\n' >&2; exit 1; }
  [ -n "$weft_lacking" ] || return 0
  weft_apt "$@" install -y --no-install-recommends $weft_lacking ||
    { printf 'set-up: apt-get could not install: %s\n' "$weft_lacking" >&2; exit 1; }
}

weft_check() {
  for weft_witness in $(weft_witnesses "$1"); do
    case $weft_witness in
      /*) [ -e "$weft_witness" ] ;;
      *) command -v "$weft_witness" >/dev/null ;;
    esac || {
      printf 'set-up: %s is not there although its package is installed; as root, this mends it:\n' "$weft_witness" >&2
      printf '  apt-get install --reinstall %s\n' "$(weft_packages "$1")" >&2
      exit 3
    }
  done
}

weft_setup() {
  # For systems that this file does not know: whoever sets it vouches for what weft_packages lists.
  [ "${WEFT_SETUP:-}" != skip ] || return 0
  weft_is_debian12 || weft_give_up 'this is not Debian 12, so nothing is installed from here (with all of these in place, run it again with WEFT_SETUP=skip in the environment)' \
    $(weft_packages "$1")
  weft_install "$1"
  weft_check "$1"
  if [ "$1" = ci ] && [ "$(dpkg --print-architecture)" = amd64 ]; then
    weft_setup_arm64
  fi
  [ "$1" != ci ] || weft_setup_s390x
}

# The libraries that the aarch64 tests link. apt may have been told to know amd64 alone, hence the option.
weft_setup_arm64() {
  [ -n "$(weft_missing $(weft_packages ci-arm64))" ] || { weft_check ci-arm64; return 0; }
  weft_can_be_root || weft_give_up 'packages are missing, and this is neither root nor a user with sudo' $(weft_packages ci-arm64)
  printf 'set-up: about to add the architecture arm64 to dpkg\n'
  weft_root dpkg --add-architecture arm64 || exit 1
  weft_install ci-arm64 -o APT::Architectures=amd64,arm64
  weft_check ci-arm64
}

# The libraries that the s390x tests link, unpacked into build/s390x-root. They are not installed: dpkg wants a library at the
# same version for all architectures, and Debian 12's security updates, which this machine may have, leave s390x out. apt has
# lists of its own there, and needs no root.
weft_setup_s390x() {
  [ ! -d build/s390x-root ] || return 0
  weft_folder=$(pwd)/build/s390x-fetch
  printf 'set-up: about to fetch libraries for s390x with apt-get\n'
  rm -rf "$weft_folder"
  mkdir -p "$weft_folder/lists/partial" "$weft_folder/cache/archives/partial" "$weft_folder/root" || exit 1
  if ! (
    cd "$weft_folder" || exit 1
    set -- -q -o APT::Architecture=s390x -o APT::Architectures=s390x -o APT::Sandbox::User=root \
      -o Dir::State::status=/dev/null -o "Dir::State::lists=$weft_folder/lists" -o "Dir::Cache=$weft_folder/cache"
    apt-get "$@" update || printf 'trying with what there is\n'
    apt-get "$@" download $(weft_packages ci-s390x) || exit 1
    for weft_package in *.deb; do
      dpkg-deb -x "$weft_package" root || exit 1
    done
  ) >"$weft_folder/log" 2>&1; then
    tail -n 15 "$weft_folder/log" >&2
    printf 'set-up: the libraries for s390x could not be fetched\n' >&2
    exit 1
  fi
  mv "$weft_folder/root" build/s390x-root && rm -rf "$weft_folder" || exit 1
}
