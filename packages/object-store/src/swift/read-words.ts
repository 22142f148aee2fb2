import type { StoreAnswer } from '../http/http-client.ts'

const mostWords = 300

/** What an answer says of itself, short and without HTML; its body is over then. */
export async function readWords(answer: StoreAnswer): Promise<string> {
  let text = ''
  try {
    for await (const chunk of answer.body) {
      text += chunk
      // The rest is let go of.
      if (text.length > 20 * mostWords) break
    }
  } catch {
    // It broke off: what came has to do.
  }
  return text
    .replace(/<(style|script|title)\b.*?<\/\1>/gis, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, mostWords)
}
