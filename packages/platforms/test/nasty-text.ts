import fc from 'fast-check'

const nasty = [...`'"\\!$\`\n\r\t *?[]{}()<>|&;#~^%=-+,:/@é€😀\u0001\u007f`, '\\n', '\\0', '$(', '${', '!!', "'\\''", '\n\n']

/** Text of letters that mean something to some shell, and of any others but NUL, which no argument can hold. */
export const nastyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 12 })
  .map((parts) => parts.join('').replaceAll('\0', ''))
