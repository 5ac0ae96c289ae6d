// What a laptop and the tests use in place of production's settings and secrets. None of these values opens
// anything elsewhere: the Worker accepts them only while ENVIRONMENT is "development".

/** The two API keys that a development store knows from the start. */
export const PUBLISHABLE_KEY = "pk_dev_storefront";
export const SECRET_KEY = "sk_dev_admin";

export const SANDBOX_API_KEY = "sandbox_dev_api_key";
export const SANDBOX_WEBHOOK_SECRET = "sandbox_dev_webhook_secret";

/** Where a gateway delivers its webhooks, below the store's address. */
export const SANDBOX_WEBHOOK_PATH = "/webhooks/sandbox";

/** The Worker's variables; `sandboxUrl` is where the sandbox gateway listens, if one does. */
export function developmentVars(sandboxUrl) {
  return {
    ENVIRONMENT: "development",
    ORDER_SHARDS: "4",
    ALLOWED_ORIGINS: "*",
    ...(sandboxUrl && {
      SANDBOX_ENABLED: "true",
      SANDBOX_BASE_URL: sandboxUrl,
      SANDBOX_API_KEY,
      SANDBOX_WEBHOOK_SECRET,
    }),
  };
}
