import { authFailure, isOutage } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import type { CallbackListener } from '../../auth/grants/callback-listener.js';
import type { InteractiveGrant } from '../../auth/grants/interactive.js';
import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import { checkCallback, parametersOf } from '../../auth/sign-in.js';
import type { SignIn } from '../../auth/sign-in.js';
import type { Library } from '../../auth/library.js';
import { describeThrown, isFailure, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { hasBrowser, openBrowser } from '../../transports/open-browser.js';
import type { AuthorizationEvent } from './authorization-facts.js';

/** The end of a dialog: the parameters of a callback with a code, or a failure. `cancelled`: the program ended it. */
export type DialogEnd =
  | { readonly kind: 'answered'; readonly parameters: URLSearchParams }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'cancelled'; readonly failure: Failure };

/** What a dialog needs. */
export interface DialogOptions {
  readonly library: Library;
  readonly grant: InteractiveGrant;
  /** Receives the callback; undefined if the program does. */
  readonly listener: CallbackListener | undefined;
  readonly signIn: SignIn;
  /** The part of the prompt that the dialog only passes on. */
  readonly shown: Pick<SignInPrompt, 'reason' | 'server' | 'scopes' | 'expiresAt'>;
  readonly keepSecret: (value: string) => void;
  /** Receives the prompt before the program gets it. */
  readonly opened: (prompt: SignInPrompt) => void;
  readonly signal: AbortSignal;
}

/** Asks the user's program to let a person sign in. Rejects with the reason of an aborted signal, which ends the prompt. */
export function openDialog({
  library,
  grant,
  listener,
  signIn,
  shown,
  keepSecret,
  opened,
  signal,
}: DialogOptions): Promise<DialogEnd> {
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const dialog = new AbortController();
    // Events after the first end mean nothing: a promise settles once.
    const end = (how: DialogEnd): void => {
      dialog.abort();
      resolve(how);
    };
    signal.addEventListener('abort', () => {
      dialog.abort();
      reject(signal.reason as Error);
    });
    const { issuer } = signIn.found.metadata;
    const cancel = (why: Failure): void => {
      if (!dialog.signal.aborted) end({ kind: 'cancelled', failure: why });
    };
    const prompt: SignInPrompt = {
      kind: 'redirect',
      ...shown,
      issuer,
      url: signIn.url,
      signal: dialog.signal,
      open: () =>
        dialog.signal.aborted || !hasBrowser()
          ? Promise.resolve(false)
          : openBrowser(listener?.entranceTo(signIn.url) ?? signIn.url),
      complete: (callbackUrl) => {
        const parameters = parametersOf(signIn, callbackUrl);
        if (dialog.signal.aborted) return;
        const code = parameters.get('code');
        if (code !== null) keepSecret(code);
        const checked = checkCallback(library, signIn, parameters);
        end(isFailure(checked) ? { kind: 'refused', failure: checked } : { kind: 'answered', parameters: checked });
      },
      cancel: () => {
        cancel(cancelled(issuer));
      },
    };
    opened(prompt);
    listener?.expect((url) => {
      // The client may be registered with another name of this machine.
      prompt.complete(new URL(signIn.client.redirectUri).origin + url.slice(new URL(url).origin.length));
    });
    const { onPrompt, open } = grant;
    if (open)
      void prompt.open().then((isOpen) => {
        // No person would see the prompt.
        if (!isOpen && onPrompt === undefined && !dialog.signal.aborted)
          end({ kind: 'refused', failure: noBrowser(issuer) });
      });
    if (onPrompt === undefined) return;
    // The prompt may be completed before this promise settles, whose result does not matter then.
    void callUser(() => onPrompt(prompt)).then((problem) => {
      if (problem !== undefined) cancel(cancelled(issuer, problem));
    });
  });
}

/** Calls the function of a user. Resolves with what it threw, if it threw. */
export async function callUser(call: () => unknown): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await call();
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

function noBrowser(issuer: string): Failure {
  return authFailure(
    'MCP_SIGN_IN_REQUIRED',
    'sign-in',
    `A person has to sign in at ${issuer}, and there is no browser on this machine`,
    { issuer, reason: 'no browser' },
  );
}

/** The failure of a sign-in that the program has cancelled. @param problem what `onPrompt` threw, if it did */
export function cancelled(issuer: string, problem?: { readonly thrown: unknown }): Failure {
  const why = problem === undefined ? '' : `, because \`onPrompt\` failed: ${describeThrown(problem.thrown)}`;
  const cause = problem === undefined ? undefined : lookable(problem.thrown);
  return authFailure(
    'MCP_SIGN_IN_CANCELLED',
    'sign-in',
    `The sign-in at ${issuer} was cancelled${why}`,
    { issuer },
    { cause },
  );
}

/** Errors after which the client is registered again. */
const DEAD_CLIENT: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client']);

/** Whether the code of an error is about the client. */
export function isDeadClientError(error: unknown): boolean {
  return DEAD_CLIENT.has(error);
}

/** What the refusal of a sign-in means for the client. */
export function refusalOf(why: Failure, client: ClientIdentity): AuthorizationEvent {
  const isDead = client.dynamic && !isOutage(why) && isDeadClientError(why.details?.error);
  return { type: isDead ? 'client.dead' : 'failed', failure: why };
}
