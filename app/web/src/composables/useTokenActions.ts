import { madeOf } from '../agents/words'
import { useTokens } from '../stores/tokens'
import { useConfirmation } from './useConfirmation'
import { useRowActions } from './useRowActions'

/** What can be done to an API token that there is: it is let go on, or ended with all that were made of it. */
export function useTokenActions() {
  const tokens = useTokens()
  const confirm = useConfirmation()
  const { busy, failure, run } = useRowActions()
  const known = (id: string) => tokens.all.find((t) => t.id === id)

  const reset = (id: string) => run(id, () => tokens.reset(id))

  /** Asks first, and says what ends with it. Reports whether it was done. */
  async function revoke(id: string): Promise<boolean> {
    const token = known(id)
    if (!token) return false
    const with_ = madeOf(tokens.all, id).filter((t) => t.state === 'active')
    const children = with_.length
      ? ` With it ${with_.length === 1 ? 'ends' : 'end'} ${names(with_.map((t) => t.name))}.`
      : ''
    const sure = await confirm({
      header: `Revoke ${token.name}`,
      message: `“${token.name}” is refused from now on, its connections end within a second, and what it asked for and was not sent yet is not sent.${children} Open orders and positions stay as they are. This cannot be taken back.`,
      accept: 'Revoke it',
      danger: true,
    })
    return sure && run(id, () => tokens.revoke(id))
  }

  return { busy, failure, reset, revoke }
}

/** “a”, “b” and 3 more. */
function names(all: string[]): string {
  const shown = all.slice(0, 5).map((n) => `“${n}”`)
  const more = all.length - shown.length
  if (more) return `${shown.join(', ')} and ${more} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
