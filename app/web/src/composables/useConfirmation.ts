import { useConfirm } from 'primevue/useconfirm'
import { onScopeDispose, watch } from 'vue'
import { theDialog } from '../confirmation'
import { rememberFocus } from '../focus'
import { useCurrentAccount } from '../stores/currentAccount'

interface Question {
  header: string
  message: string
  /** What the button says that agrees. */
  accept: string
  reject?: string
  /** What is agreed to cannot be taken back: the other button has the focus. */
  danger?: boolean
}

/** Asks a person, in a dialog, before something is done. The answer is no, too,
 * when the dialog is closed, its component is gone or another account is shown
 * by then: what was asked about one account must not be done to another. */
export function useConfirmation() {
  const confirm = useConfirm()
  const current = useCurrentAccount()
  let refuse = () => {}
  const end = () => {
    refuse()
    confirm.close()
  }
  watch(() => current.id, end, { flush: 'sync' })
  onScopeDispose(end)

  return ({ header, message, accept, reject = 'No', danger = false }: Question) =>
    new Promise<boolean>((answered) => {
      const giveBack = rememberFocus()
      let over = false
      const answer = (yes: boolean) => {
        over = true
        answered(yes)
        setTimeout(giveBack) // once the dialog has gone
      }
      const no = () => answer(false)
      refuse()
      refuse = no
      const ask = () =>
        over ||
        confirm.require({
          header,
          message,
          defaultFocus: danger ? 'reject' : 'accept',
          acceptProps: { label: accept, severity: danger ? 'danger' : undefined, 'data-testid': 'confirm-accept' },
          rejectProps: { label: reject, severity: 'secondary', 'data-testid': 'confirm-reject' },
          accept: () => answer(true),
          reject: no,
          onHide: no,
        })
      theDialog().then(ask, no)
    })
}
