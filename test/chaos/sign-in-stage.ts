import { interactive, oauth } from '../../src/auth/index.js';
import type { SignInPrompt } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { seededRandom } from '../../src/testing/random.js';
import { AuthorizationServer, REDIRECT_URI } from '../support/servers/authorization-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { httpStage } from './http-stage.js';
import type { Gate } from './http-stage.js';
import type { Network } from './network.js';
import type { Stage } from './real-course.js';
import type { Schedule } from './schedule.js';

/** How many scopes requests can lack, one after the other. */
const SCOPES = 3;

/**
 * The server of {@link httpStage} behind an authorization server, which share a port, and a person who agrees at once, or cancels. Tokens become
 * invalid and scopes are lacking at any moment; the faults of the network hit the requests for tokens, too.
 */
export async function signInStage(schedule: Schedule): Promise<Stage> {
  const { seed, refusals } = schedule;
  const random = seededRandom(seed);
  const chance = (rate: number): boolean => random() < rate;
  const as = new AuthorizationServer();
  let isCalm = false;

  as.twist = (visit) => {
    if (isCalm || !visit.path.endsWith('/token')) return false;
    if (chance(refusals.outage)) visit.status(503);
    else if (visit.body.includes('refresh_token=') && chance(refusals.spent))
      visit.json({ error: 'invalid_grant' }, 400);
    else return false;
    return true;
  };

  /** The person needs no network. */
  function askPerson(prompt: SignInPrompt): void {
    if (!isCalm && chance(refusals.cancel)) prompt.cancel();
    else {
      const { host, pathname, search } = new URL(prompt.url);
      let callback = '';
      as.answer({
        ...{ method: 'GET', path: pathname + search, headers: { host } },
        status: (_status: number, { location = '' }: Record<string, string>) => (callback = location),
      } as unknown as HttpVisit);
      prompt.complete(callback);
    }
  }

  const auth = oauth({ grant: interactive({ redirectUri: REDIRECT_URI, listen: false, onPrompt: askPerson }) });
  const gate: Gate = {
    transport: (url) => new HttpTransport(url, { auth }),
    answers: (visit, calm) => {
      isCalm = calm;
      if (as.answer(visit)) return true;
      if (!calm && chance(refusals.expire)) as.expire();
      const token = as.tokenOf(visit);
      if (token === undefined) refuse(visit, 401, 'error="invalid_token"');
      else {
        const scope = `scope-${Math.floor(random() * SCOPES)}`;
        const isGranted = as.scopes.get(token)?.split(' ').includes(scope) === true;
        if (calm || isGranted || !chance(refusals.lack)) return false;
        refuse(visit, 403, `error="insufficient_scope", scope="${scope}"`);
      }
      return true;
    },
  };
  const stage = await httpStage(schedule, gate);
  const network = stage.network as Network;
  // The first sign-in takes longer than some schedules. Its tokens are in the store of `auth`.
  network.calm();
  await (await MCPClient.connect(gate.transport(network.url))).close();
  network.resume();
  return stage;
}

function refuse(visit: HttpVisit, status: number, parameters: string): void {
  const metadata = `http://${visit.headers.host ?? ''}/.well-known/oauth-protected-resource/mcp`;
  visit.status(status, { 'www-authenticate': `Bearer ${parameters}, resource_metadata="${metadata}"` });
}
