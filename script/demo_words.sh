# What the acts of the demo share: saying, and counting what held. Sourced.
bold=
plain=
if [ -t 1 ]; then
  bold=$(printf '\033[1m')
  plain=$(printf '\033[0m')
fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
held=0
broken=0
check() {  # check WHAT COMMAND...
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    held=$((held + 1)); printf '  ok    %s\n' "$what"
  else
    broken=$((broken + 1)); printf '  BROKEN %s\n' "$what"
  fi
}
