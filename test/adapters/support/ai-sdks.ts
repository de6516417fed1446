import type { AiTool } from '../../../src/adapters/ai-sdk/index.js';

/** A call of a tool by the model, or the text that ends the conversation. */
export type Turn = { readonly tool: string; readonly input?: object } | string;

/** What a test sees of a conversation. */
export interface Conversation {
  readonly text: string;
  /** What the model got from the tools, by turn: the parts of the last message of each prompt. */
  readonly prompts: readonly { readonly output: ToolOutput }[][];
  /** The preliminary outputs of tools. Only of a stream. */
  readonly preliminary: readonly unknown[];
  /** The parts of the last step. */
  readonly content: readonly { readonly type: string }[];
}

/** The output of a tool in a prompt. */
export interface ToolOutput {
  readonly type: string;
  readonly value: unknown;
}

/** Starts a conversation with a mock model that makes these turns. */
export type Converse = (
  tools: Record<string, AiTool>,
  turns: readonly Turn[],
  signal?: AbortSignal,
) => Promise<Conversation>;

interface Part {
  readonly type: string;
  readonly preliminary?: boolean;
  readonly output?: unknown;
}

/** What the three versions have in common, as far as the tests use it. */
interface Ai {
  generateText(options: object): Promise<{ readonly text: string; readonly content: Part[] }>;
  streamText(options: object): {
    readonly fullStream: AsyncIterable<Part & { readonly error?: unknown }>;
    readonly text: PromiseLike<string>;
    readonly content: PromiseLike<Part[]>;
  };
}

type MockModel = new (methods: object) => object;

/** The version of the AI SDK, and how its mock model is made. */
const LOADERS: Readonly<Record<5 | 6 | 7, () => Promise<{ ai: Ai; Model: MockModel }>>> = {
  5: async () => ({
    ai: await import('ai5'),
    Model: (await import('ai5/test')).MockLanguageModelV2,
  }),
  6: async () => ({
    ai: await import('ai6'),
    Model: (await import('ai6/test')).MockLanguageModelV3,
  }),
  7: async () => ({
    ai: await import('ai7'),
    Model: (await import('ai7/test')).MockLanguageModelV4,
  }),
};

/** `generateText` and `streamText` of a version. */
export async function conversations(
  version: 5 | 6 | 7,
): Promise<Readonly<Record<'generateText' | 'streamText', Converse>>> {
  const { ai, Model } = await LOADERS[version]();
  const start = (tools: Record<string, AiTool>, turns: readonly Turn[], abortSignal: AbortSignal | undefined) => {
    const script = new ModelScript(version, turns);
    const options = {
      model: new Model(script),
      tools,
      prompt: 'Go',
      abortSignal,
      maxRetries: 0,
      stopWhen: () => false,
    };
    return { script, options };
  };
  return {
    generateText: async (tools, turns, signal) => {
      const { script, options } = start(tools, turns, signal);
      const { text, content } = await ai.generateText(options);
      return { text, content, prompts: script.prompts, preliminary: [] };
    },
    streamText: async (tools, turns, signal) => {
      const { script, options } = start(tools, turns, signal);
      const stream = ai.streamText({ ...options, onError: () => undefined });
      const preliminary: unknown[] = [];
      for await (const part of stream.fullStream) {
        if (part.type === 'error') throw part.error;
        if (part.preliminary === true) preliminary.push(part.output);
        if (part.type === 'abort') throw signal?.reason;
      }
      return { text: await stream.text, content: await stream.content, prompts: script.prompts, preliminary };
    },
  };
}

/** The methods of a mock model that makes its turns in order. */
class ModelScript {
  readonly prompts: { readonly output: ToolOutput }[][] = [];
  readonly #version: 5 | 6 | 7;
  readonly #turns: readonly Turn[];
  #made = 0;

  constructor(version: 5 | 6 | 7, turns: readonly Turn[]) {
    this.#version = version;
    this.#turns = turns;
  }

  readonly doGenerate = ({ prompt }: { prompt: { role: string; content: unknown }[] }): Promise<object> => {
    const { content, finishReason } = this.#next(prompt);
    return Promise.resolve({ content: [content], finishReason, usage: this.#usage(), warnings: [] });
  };

  readonly doStream = ({ prompt }: { prompt: { role: string; content: unknown }[] }): Promise<object> => {
    const { content, finishReason } = this.#next(prompt);
    const { text } = content as { readonly text?: string };
    const id = 'text';
    const parts =
      text === undefined
        ? [content]
        : [
            { type: 'text-start', id },
            { type: 'text-delta', id, delta: text },
            { type: 'text-end', id },
          ];
    const all = [
      { type: 'stream-start', warnings: [] },
      ...parts,
      { type: 'finish', finishReason, usage: this.#usage() },
    ];
    return Promise.resolve({ stream: ReadableStream.from(all) });
  };

  #next(prompt: { role: string; content: unknown }[]): { content: object; finishReason: unknown } {
    const last = prompt.at(-1);
    if (last?.role === 'tool') this.prompts.push(last.content as { output: ToolOutput }[]);
    const turn = this.#turns[this.#made] ?? 'The end';
    this.#made += 1;
    const isText = typeof turn === 'string';
    const reason = isText ? 'stop' : 'tool-calls';
    const finishReason = this.#version === 5 ? reason : { unified: reason, raw: undefined };
    if (isText) return { content: { type: 'text', text: turn }, finishReason };
    const { tool: toolName, input = {} } = turn;
    const call = { type: 'tool-call', toolCallId: `call-${this.#made}`, toolName, input: JSON.stringify(input) };
    return { content: call, finishReason };
  }

  #usage(): object {
    if (this.#version === 5) return { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
    return { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  }
}
