#!/bin/sh
# Makes the certificates of the PayPal tests anew: `sh make.sh`. Needs openssl 3. They are good from
# 2025 to 2055, but for the one that is meant to have expired. Only the leaf's key is kept; it signs
# nothing but test webhooks.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/ca.cnf" <<EOF
[ca]
default_ca = here
[here]
database = $work/index.txt
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[last_authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[odd_leaf]
basicConstraints = critical, CA:FALSE
1.2.3.4 = critical, ASN1:NULL
[encrypting_leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyEncipherment
EOF
: > "$work/index.txt"
echo 01 > "$work/serial"

key() { openssl genrsa -out "$work/$1.key" "$2" 2> /dev/null; }

# issue NAME COMMON_NAME KEY ISSUER EXTENSIONS [FROM] [TO]
issue() {
  openssl req -new -config "$work/ca.cnf" -subj "/CN=$2" -key "$work/$3.key" -out "$work/$1.csr"
  if [ "$4" = "$1" ]; then signer="-selfsign -keyfile $work/$3.key"; else
    signer="-cert $work/$4.crt -keyfile $work/$4.key"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config "$work/ca.cnf" $signer -extensions "$5" -in "$work/$1.csr" \
    -out "$work/$1.crt" -startdate "${6:-20250101000000Z}" -enddate "${7:-20550101000000Z}" 2> /dev/null
}

key root 2048
key stranger 2048
key middle 2048
key short 1024
if [ -f leaf.der ]; then openssl pkey -inform DER -in leaf.der -out "$work/leaf.key"; else key leaf 2048; fi
openssl pkcs8 -topk8 -nocrypt -in "$work/leaf.key" -outform DER -out leaf.der

issue root "Test Root" root root authority
issue stranger "Test Root" stranger stranger authority
issue middle "Test Middle" middle root last_authority
cp "$work/middle.key" "$work/old_middle.key"
issue old_middle "Test Middle" middle root last_authority 20240101000000Z 20251231235959Z
cp "$work/leaf.key" "$work/weak_middle.key"
issue weak_middle "Test Not An Authority" leaf root leaf
cp "$work/leaf.key" "$work/deep.key"
issue deep "Test Deep" leaf middle authority

NAME=messageverificationcerts.paypal.com
issue good $NAME leaf middle leaf
issue bare paypal.com leaf root leaf
issue expired $NAME leaf middle leaf 20240101000000Z 20251231235959Z
issue early $NAME leaf middle leaf 20260101000100Z
issue other_name messageverificationcerts.notpaypal.com leaf middle leaf
issue suffix_name paypal.com.example.net leaf middle leaf
issue by_stranger $NAME leaf stranger leaf
issue by_leaf $NAME leaf weak_middle leaf
issue below_deep $NAME leaf deep leaf
issue self_signed $NAME leaf self_signed leaf
issue odd $NAME leaf middle odd_leaf
issue encrypting $NAME leaf middle encrypting_leaf
issue short $NAME short middle leaf

chain() { out=$1; shift; for one in "$@"; do cat "$work/$one.crt"; done > "$out.pem"; }
chain root root
chain good good middle
chain good_with_root good middle root
chain good_alone good
chain old_middle good old_middle
chain bare bare
chain expired expired middle
chain early early middle
chain other_name other_name middle
chain suffix_name suffix_name middle
chain by_stranger by_stranger stranger
chain by_leaf by_leaf weak_middle
chain below_deep below_deep deep middle
chain self_signed self_signed
chain odd odd middle
chain encrypting encrypting middle
chain short short middle
