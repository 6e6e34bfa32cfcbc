// The page's one Trusted Types policy. Scripts: only our own worker and service worker. HTML: only what DOMPurify
// asks for on its way to an inert document, or has already cleaned.
interface Policy {
  createHTML(s: string): unknown;
  createScriptURL(s: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createHTML(s: string): string; createScriptURL(s: string): string }): Policy;
}

const ours = (url: string): string => {
  const u = new URL(url, location.href);
  if (u.origin !== location.origin || !/^\/(sw\.js|assets\/[\w.-]+\.js)$/.test(u.pathname)) throw new TypeError(url);
  return u.href;
};

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
export const policy = factory?.createPolicy('mayfly', { createHTML: (s) => s, createScriptURL: ours }) ?? null;

export const scriptUrl = (url: string): unknown => policy?.createScriptURL(url) ?? url;
