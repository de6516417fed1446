import { challengeFuzzer } from './challenge-fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { wireFuzzers } from './wire-fuzzer.js';

export const fuzzers: readonly Fuzzer[] = [challengeFuzzer, ...wireFuzzers];
