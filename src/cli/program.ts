import { Command, Option } from 'commander';

import { PACKAGE } from '../util/package.js';
import type { CommandContext } from './command-context.js';
import { duration } from './durations.js';
import { EXIT, EXIT_CODES } from './exit-codes.js';
import type { ExitCode } from './exit-codes.js';
import { OUTPUTS } from './output/print-result.js';
import { LEVELS } from './output/levels.js';
import type { TerminalFlags } from './terminal.js';

/** The commands, their flags and help. What a command does is loaded when it runs. */
export function programFor(context: CommandContext, done: (exitCode: ExitCode) => void): Command {
  const program = new Command('mcp-actors')
    .description('Use any MCP server from the terminal, and find out why one does not work.')
    .version(PACKAGE.version, '-V, --version')
    .exitOverride()
    // What follows the file of `record` belongs to another command.
    .enablePositionalOptions()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => context.terminal.raw(text) })
    .showSuggestionAfterError()
    .usage('<command> [target] [flags]')
    .configureHelp({ subcommandTerm: (one) => one.name() })
    .addHelpText('after', help());

  /** Adds a command whose action returns an exit code. */
  const command = <Flags extends object>(
    usage: string,
    description: string,
    run: (words: string[], flags: Flags) => Promise<ExitCode>,
    decorate: (command: Command) => Command,
  ): void => {
    const [name = ''] = usage.split(' ');
    const [withTarget = '', commandLine] = usage.slice(name.length + 1).split(' [-- ');
    // A command line after "--" takes the place of the target.
    const second = `\n       mcp-actors ${name} ${withTarget.replace(/^[<[]target[^>\]]*[>\]] /, '')} -- <command line>`;
    const one = program
      .command(name)
      .description(description)
      .usage(withTarget + (commandLine === undefined ? '' : second))
      .argument('[words...]');
    // The usage line has names for the words.
    one.configureHelp({ visibleArguments: () => [] });
    decorate(one).action(async (words: string[], flags: Flags & TerminalFlags) => {
      context.terminal.configure(flags);
      done(await run(words, flags));
    });
  };

  command(
    'list [target] [flags] [-- <command line>]',
    'List the servers of your config files, or the tools, resources and prompts of one server',
    async (words, flags) => (await import('./commands/list.js')).list(context, words, flags),
    (one) =>
      clientFlags(one)
        .optionsGroup('List:')
        .option('--tools', 'only the tools')
        .option('--resources', 'only the resources')
        .option('--prompts', 'only the prompts')
        .option('--templates', 'only the resource templates')
        .option('--schema', 'the whole schema of each tool')
        .option('--all', 'also servers that are disabled or hidden by others')
        .option('--offline', 'what was listed last, without connecting')
        .option('--check', 'exit with code 6 if a server does not work'),
  );
  command(
    'call <target> <tool> [arguments] [flags] [-- <command line>]',
    'Call a tool',
    async (words, flags) => (await import('./commands/call.js')).call(context, words, flags),
    (one) =>
      resultFlags(clientFlags(one))
        .optionsGroup('Call:')
        .option('--args <json>', 'all arguments as a JSON object, or @file, or - for standard input')
        .option('--meta <key=value>', 'metadata of the request; repeatable', collect)
        .option('--progress', 'report progress in a log: one line a second')
        .addHelpText('after', ARGUMENTS),
  );
  command(
    'read <target> <uri> [flags] [-- <command line>]',
    'Read a resource',
    async (words, flags) => (await import('./commands/read.js')).read(context, words, flags),
    (one) => resultFlags(clientFlags(one)),
  );
  command(
    'prompt <target> <name> [arguments] [flags] [-- <command line>]',
    'Fill in a prompt',
    async (words, flags) => (await import('./commands/prompt.js')).prompt(context, words, flags),
    (one) =>
      resultFlags(clientFlags(one))
        .optionsGroup('Arguments:')
        .option('--args <json>', 'all arguments as a JSON object, or @file, or - for standard input'),
  );
  command(
    'doctor [target] [flags] [-- <command line>]',
    'Find out why a server does not work',
    async (words, flags) => (await import('./commands/doctor.js')).doctor(context, words, flags),
    (one) => clientFlags(one).addHelpText('after', DOCTOR),
  );
  command(
    'config <command> [name] [flags]',
    'Show and change the servers of your config files',
    async (words, flags) => (await import('./commands/config.js')).config(context, words, flags),
    (one) =>
      terminalFlags(one)
        .option('--config <file>', 'read or change this file alone')
        .option('--project', 'change the .mcp.json of this project, not the file of the user')
        .option('--replace', 'add, import: replace an entry with the same name')
        .option('--all', 'list: also hidden entries; path: also files that do not exist; trust: all entries')
        .option('--trust', 'import: also entries of files in this project')
        .option(
          '--header <name: value>',
          "add: an HTTP header, such as 'Authorization: Bearer ${TOKEN}'; repeatable",
          collect,
        )
        .option(
          '--env <name=value>',
          'add: a variable for the server; NAME alone takes it from the environment',
          collect,
        )
        .option('--cwd <dir>', 'add: the working directory of the server')
        .addOption(
          new Option('--transport <kind>', 'add: for a URL; detected without it').choices(['http', 'sse', 'ws']),
        )
        .addHelpText('after', CONFIG),
  );
  command(
    'login <target> [flags]',
    'Sign in to a server, so that later commands need no browser',
    async (words, flags) => (await import('./commands/login.js')).login(context, words, flags),
    (one) =>
      signInFlags(one)
        .option('--no-browser', 'print the page, and take the address at which the browser ends')
        .option('--device', 'sign in on another device with a code')
        .option('--client-id <id>', 'a client that is registered at the authorization server')
        .option('--client-metadata-url <url>', 'a client that describes itself at an https URL')
        .option('--scope <scope>', 'a scope to request beside the required ones; repeatable', collect)
        .option('--connect-timeout <time>', 'time to connect after the sign-in', duration('--connect-timeout'))
        .addHelpText('after', SIGN_IN),
  );
  command(
    'logout <target> [flags]',
    'Revoke and delete the tokens of a server',
    async (words, flags) => (await import('./commands/logout.js')).logout(context, words, flags),
    signInFlags,
  );
  command(
    'auth list [flags]',
    'Show the stored sign-ins and when they expire, never a token',
    async (words, flags) => (await import('./commands/auth.js')).auth(context, words, flags),
    terminalFlags,
  );
  command(
    'inspect <target | file.ndjson> [flags] [-- <command line>]',
    'Show a client, or a recording, on a page in the browser',
    async (words, flags) => (await import('./commands/inspect.js')).inspect(context, words, flags),
    (one) =>
      targetFlags(terminalFlags(one))
        .optionsGroup('Page:')
        .option('--port <port>', 'the port on 127.0.0.1; any free one without it')
        .option('--open', 'open the page in the browser')
        .option('--show-secrets', 'show tokens, arguments and results on the page')
        .option('--connect-timeout <time>', 'time to connect', duration('--connect-timeout'))
        .addHelpText('after', INSPECT),
  );
  command(
    'watch <target> [uri…] [flags] [-- <command line>]',
    'Print changes, logs and progress of a server until Ctrl+C',
    async (words, flags) => (await import('./commands/watch.js')).watch(context, words, flags),
    (one) =>
      clientFlags(one)
        .optionsGroup('Watch:')
        .addOption(new Option('--level <level>', 'the lowest level of log messages; info without it').choices(LEVELS)),
  );
  command(
    'record [--no-redact] <file> <command> …',
    'Run another command and record all messages',
    async (words, flags) => {
      const { record } = await import('./commands/record.js');
      return record(context, words, flags, async (inner) => {
        let exitCode: ExitCode = EXIT.done;
        const again = programFor(context, (code) => {
          exitCode = code;
        });
        await again.parseAsync([...inner], { from: 'user' });
        return exitCode;
      });
    },
    (one) =>
      one
        .passThroughOptions()
        .option('--no-redact', 'keep secrets in the recording; the only command that does')
        .addHelpText('after', RECORD),
  );
  command(
    'replay <file> [flags]',
    'Repeat a recording offline: states, calls and the first difference',
    async (words, flags) => (await import('./commands/replay.js')).replay(context, words, flags),
    (one) => terminalFlags(one).option('--diagram', 'print a sequence diagram in Mermaid syntax'),
  );
  command(
    'completion <bash | zsh | fish | powershell>',
    'Print a script that completes commands, servers, tools and arguments',
    async (words) => (await import('./commands/completion.js')).completion(context, words),
    (one) => one.addHelpText('after', COMPLETION),
  );
  return program;
}

/** Collects the values of a flag that may be repeated. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function terminalFlags(command: Command): Command {
  return command
    .option('--json', 'print one JSON value and nothing else; errors as one line of JSON on stderr')
    .option('-q, --quiet', 'no notes on stderr')
    .option('-v, --verbose', 'also states, messages and the stderr of the server')
    .option('--no-input', 'never ask, never read standard input')
    .option('--no-color', 'no colours');
}

/** The flags that say how a server is reached. */
function targetFlags(command: Command): Command {
  return command
    .optionsGroup('Server:')
    .option('--header <name: value>', "an HTTP header, such as 'X-Key: ${env:KEY}'; repeatable", collect)
    .option(
      '--env <name=value>',
      'a variable for a server that is started; NAME alone passes on yours; repeatable',
      collect,
    )
    .option('--cwd <dir>', 'the working directory of a server that is started')
    .addOption(new Option('--transport <kind>', 'for a URL; detected without it').choices(['http', 'sse', 'ws']))
    .option('--config <file>', 'read this config file alone')
    .option('--trust', 'use entries of files in this project without asking')
    .option('--account <name>', 'the account of the sign-in');
}

/** The flags of commands that connect to a server and send requests. */
function clientFlags(command: Command): Command {
  return targetFlags(terminalFlags(command))
    .optionsGroup('Requests:')
    .addOption(new Option('--era <era>', 'the era of the protocol').choices(['auto', 'modern', 'legacy']))
    .option('--timeout <time>', 'time for a request, such as 30s; progress restarts it', duration('--timeout'))
    .option('--total-timeout <time>', 'time for a request, which nothing restarts', duration('--total-timeout'))
    .option('--connect-timeout <time>', 'time to connect', duration('--connect-timeout'))
    .addOption(
      new Option('--retry <policy>', 'which requests may be sent again when their response is lost').choices([
        'auto',
        'safe',
        'never',
      ]),
    )
    .option('--answers <file>', 'values for forms of the server, as JSON by field name')
    .option('--sampling <program>', 'a program that answers for a language model: request on stdin, result on stdout')
    .option('--root <dir>', 'a directory that is offered to the server; repeatable', collect);
}

/** The flags of commands about the sign-in to one server. */
function signInFlags(command: Command): Command {
  return terminalFlags(command)
    .option('--account <name>', 'the account, if several people or tenants use the server')
    .option('--header <name: value>', 'an HTTP header; ${env:NAME} is replaced; repeatable', collect)
    .addOption(new Option('--transport <kind>', 'for a URL; detected without it').choices(['http', 'sse', 'ws']))
    .option('--config <file>', 'read this config file alone')
    .option('--trust', 'use entries of files in this project without asking');
}

const INSPECT = `
The page is served on 127.0.0.1 at a secret address, which is printed before the
client connects. It stays when connecting fails, until Ctrl+C. A file whose name
ends with .ndjson is a recording of "mcp-actors record".

Examples:
  mcp-actors inspect https://mcp.example.com/mcp --header 'Authorization: Bearer \${env:TOKEN}'
  mcp-actors inspect ws://127.0.0.1:3000/mcp
  mcp-actors inspect --open -- npx -y @modelcontextprotocol/server-everything
  mcp-actors inspect session.ndjson
`;

const RECORD = `
The file comes first. Everything after it is another command (list, call, read,
prompt or watch), written as without "record". --no-redact stands before the
file; without it the recording contains no secrets. An existing file is replaced.

Examples:
  mcp-actors record session.ndjson call linear create_issue title="It is broken"
  mcp-actors record session.ndjson watch --level debug -- npx -y some-server
  mcp-actors replay session.ndjson --diagram
`;

const CONFIG = `
Commands:
  list                      the entries of all files; nothing is started
  show <name>               one entry, with its file and line, without secrets
  add <name> <url>          add a server to your own file of mcp-actors
  add <name> -- <command>   the same for a server that is started
  remove <name>             remove an entry from your own file
  import <program> [name…]  copy entries of cursor, vscode, claude-code, … into
                            your own file; they are used without a copy, too
  trust <name>              agree to an entry of a project file
  untrust <name>            end this agreement
  path                      the files that are read

Examples:
  mcp-actors config add web https://mcp.example.com/mcp --header 'X-Key: \${KEY}'
  mcp-actors config add files -- npx -y @modelcontextprotocol/server-filesystem .
  mcp-actors config import cursor
`;

const COMPLETION = `
Tab completes what "list" and "call" have seen of a server. It starts no server
and connects to nothing.

  bash         source <(mcp-actors completion bash)                  in ~/.bashrc
  zsh          source <(mcp-actors completion zsh)                   in ~/.zshrc, after compinit
  fish         mcp-actors completion fish | source                   in ~/.config/fish/config.fish
  PowerShell   mcp-actors completion powershell | Out-String | Invoke-Expression   in $PROFILE
`;

const SIGN_IN = `
The tokens are kept in a folder that only this user can read. "mcp-actors auth
list" shows them. Later commands, and programs that use the store
"fileStore()" of this library, use and renew them.

Examples:
  mcp-actors login https://mcp.example.com/mcp
  mcp-actors login linear --no-browser   over SSH
  mcp-actors login linear --account work
`;

/** The flags of commands that print a result. */
function resultFlags(command: Command): Command {
  return command
    .optionsGroup('Result:')
    .addOption(new Option('-o, --output <form>', 'the form of the result').choices(OUTPUTS))
    .option('--select <path>', 'print one value of the structured content, such as items[0].name')
    .option('--save <dir>', 'save images, sounds and files in this folder, which is created');
}

const ARGUMENTS = `
Arguments:
  key=value        by the schema of the tool: a text stays a text (id=007)
  key=a key=b      several values of a list
  address.city=x   a value inside of an object
  key:=json        JSON, such as labels:='["a", "b"]', or a list of objects
  key=@file        the content of a file; key=@- standard input
  --args '{…}'     all of them as JSON; --args @file
  Without any, JSON is read from standard input if it is a pipe or a file.
  "mcp-actors list <target>" shows the arguments of each tool.

In a script: exit code 8 says that the tool may have run, 7 that you may repeat
the call. With --json an error is one line of JSON on stderr.

Examples:
  mcp-actors call linear create_issue title="It is broken" labels:='["bug"]'
  mcp-actors call http://127.0.0.1:3000/mcp search query=actors --json
  temperature=$(mcp-actors call weather today city=Oslo --select temperature)
  mcp-actors call everything get-tiny-image --save pictures
  mcp-actors call echo message=hello -- npx -y some-server
`;

const DOCTOR = `
Checks, in this order: the entry of the config file, the command, its start,
stdout, the network, the access, the protocol, lists, tools (also which of
OpenAI, Anthropic and Google would refuse which tool), pings, an unknown session,
the close. No tool is called. The last line names the problem to solve first.
A server that does not respond is reported within 8 s; --timeout 60s waits longer.

Exit codes: 0 all is well, 3 only a sign-in is missing, 6 a check failed.
`;

function help(): string {
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `
A target is one of
    linear             a server of your config files; mcp-actors list shows them,
                       also those of Cursor, VS Code, Claude and other programs
    cursor:linear      the same in the file of one program
    ./mcp.json:linear  the same in one file
    https://…          a URL
    -- npx -y server   a command line, after all other words
linear.create_issue is a target and a tool in one word.

Exit codes:
${codes.join('\n')}
`;
}
