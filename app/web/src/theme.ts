// Aura, of the components that the console uses: all of it would be a fifth of the script.
import base from '@primeuix/themes/aura/base'
import button from '@primeuix/themes/aura/button'
import checkbox from '@primeuix/themes/aura/checkbox'
import confirmdialog from '@primeuix/themes/aura/confirmdialog'
import dialog from '@primeuix/themes/aura/dialog'
import inputtext from '@primeuix/themes/aura/inputtext'
import ripple from '@primeuix/themes/aura/ripple'
import select from '@primeuix/themes/aura/select'
import selectbutton from '@primeuix/themes/aura/selectbutton'
import tag from '@primeuix/themes/aura/tag'
import togglebutton from '@primeuix/themes/aura/togglebutton'

export const theme = {
  ...base,
  components: { button, checkbox, confirmdialog, dialog, inputtext, ripple, select, selectbutton, tag, togglebutton },
}
