// A chain of certificates as PayPal's, made by `openssl` when the fake starts: a root that the shop is told
// to trust (PAYPAL_WEBHOOK_ROOTS), and a leaf for PayPal's name that signs webhooks.

import { execFileSync } from "node:child_process";
import { createSign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = "/CN=messageverificationcerts.paypal.com";

/** `{ rootPem, chainPem, sign(text) }`. */
export function makeCertificates() {
  const folder = mkdtempSync(join(tmpdir(), "paypal-fake-"));
  const at = (name) => join(folder, name);
  const openssl = (...given) => execFileSync("openssl", given, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  try {
    writeFileSync(
      at("extensions.cnf"),
      "[dn]\n[req]\ndistinguished_name = dn\n" +
        "[root]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n" +
        "[leaf]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n",
    );
    const config = ["-config", "extensions.cnf"];
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", ...config,
      "-subj", "/CN=PayPal Fake Root", "-extensions", "root", "-keyout", "root.key", "-out", "root.pem");
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", ...config, "-subj", NAME, "-keyout", "leaf.key",
      "-out", "leaf.csr");
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "2",
      "-sha256", "-days", "30", "-extfile", "extensions.cnf", "-extensions", "leaf", "-out", "leaf.pem");
    const key = readFileSync(at("leaf.key"), "utf8");
    return {
      rootPem: readFileSync(at("root.pem"), "utf8"),
      chainPem: readFileSync(at("leaf.pem"), "utf8") + readFileSync(at("root.pem"), "utf8"),
      sign: (text) => createSign("RSA-SHA256").update(text).sign(key, "base64"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
