#!/bin/sh
# A stand-in for a coding agent: it does by VTID what the demonstration needs done, well or badly.
# A real agent would read the prompt, which comes on standard input.
set -e
cat > /dev/null
case "$VITANA_VTID" in
  VTID-01213) sed -i 's/\.sidebar \.operator { color: #dc2626; }/.sidebar .operator { color: #2563eb; }/' style.css ;;
  VTID-01302) sed -i 's|<footer>Shop</footer>|<footer>Shop, 2026</footer>|' index.html ;;
  VTID-01303) echo "I looked at everything and all is well." ;;
  VTID-01304) exec sleep 600 ;;
  VTID-01305) sed -i 's/\.sidebar \.operator { color: [^;]*; }/.sidebar .operator { color: #16a34a; }/' style.css ;;
  VTID-01306)
    sed -i 's/footer { color: #64748b; }/footer { color: #334155; }/' style.css
    sed -i '/class="item orders"/d' index.html ;;
  VTID-01307)
    sed -i 's/footer { color: #64748b; }/footer { color: #334155; }/' style.css
    echo '# nothing to see here' >> vitana.toml ;;
  *) echo "no idea what to do for $VITANA_VTID" >&2; exit 1 ;;
esac
