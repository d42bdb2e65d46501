// Why a server does not let us in, by what it or the network says: everybody who connects says it in errors of his own.

export type Refusal = 'pooled' | 'database missing' | 'login refused' | 'unreachable';

export interface Refused {
  readonly why: Refusal;
  /** In the server's words, or the network's. The address is not in them. */
  readonly reason: string;
}

/** `error` is what connecting rejected with. */
export function whyRefused(error: unknown): Refused {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const reason = message || code || 'no answer';
  return { why: refusalOf(code ?? '', reason), reason };
}

function refusalOf(code: string, reason: string): Refusal {
  // PgBouncer has one code for everything.
  if (/unsupported startup parameter|statement pooling/.test(reason)) return 'pooled';
  if (code === '3D000' || reason.startsWith('no such database')) return 'database missing';
  // 42501: the role may not connect to this database. Of class 28: who it is, and that the password is another.
  if (code === '42501' || code.startsWith('28')) return 'login refused';
  if (/authentication failed|SASL|no such user/.test(reason)) return 'login refused';
  return 'unreachable';
}
