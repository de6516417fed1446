// A server over stdio. Arguments: the revision, and the file in which it writes down what it was asked.
import { send, serve } from '../fixtures/servers/speak.mjs';
import { CAPABILITIES, handlersOf } from './calls.mjs';

const [revision, ledger] = process.argv.slice(2);

serve({ revision, capabilities: CAPABILITIES, handlers: handlersOf(ledger, send) });
