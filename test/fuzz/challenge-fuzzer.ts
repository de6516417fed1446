import { parseChallenges } from '../../src/protocol/challenge.js';
import { Dice } from './fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { mutatedText } from './mutations.js';

const CHALLENGES = [
  'Bearer',
  'Bearer realm="mcp", error="invalid_token", error_description="The token \\"expired\\""',
  'Bearer resource_metadata="https://mcp.test/.well-known/oauth-protected-resource", scope="files:read files:write"',
  'Basic realm="a, b=c", charset="UTF-8", Bearer error="insufficient_scope" , Negotiate YWJj==',
  'DPoP algs="ES256 PS256", error=use_dpop_nonce',
  'Digest realm=a,nonce="",qop="auth,auth-int",,, Bearer , NTLM',
];
/** Reading is linear; a header of this length takes a millisecond at most on a slow machine. Milliseconds. */
const TOO_LONG = 500;

/** Headers of challenges, bent: reading them never throws, ends soon, and what is read has the shape that it says. */
export const challengeFuzzer: Fuzzer = {
  name: 'challenges',
  one(seed) {
    const dice = new Dice(seed);
    let header = dice.pick(CHALLENGES);
    for (let times = dice.number(6); times > 0; times -= 1) header = mutatedText(header, dice);
    if (dice.chance(10)) header = header.repeat(100).slice(0, 16_384);
    const given = dice.chance(20) ? [header, dice.pick(CHALLENGES)] : header;
    const startedAt = performance.now();
    const challenges = parseChallenges(given);
    const took = performance.now() - startedAt;
    const findings: string[] = [];
    if (took > TOO_LONG) findings.push(`took ${Math.round(took)} ms for ${header.length} characters`);
    for (const { scheme, parameters } of challenges) {
      if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(scheme)) findings.push(`read the scheme ${JSON.stringify(scheme)}`);
      const odd = [...parameters.keys()].find((name) => name !== name.toLowerCase());
      if (odd !== undefined) findings.push(`read the parameter ${JSON.stringify(odd)}`);
    }
    return Promise.resolve(findings);
  },
};
