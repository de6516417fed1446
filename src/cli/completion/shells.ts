/** The shells with a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

export type Shell = (typeof SHELLS)[number];

// Bash splits words at `=` and `:`, so it passes the line and removes what stands before the last of them from the candidates.
const BASH = String.raw`# mcp-actors completion for bash. In ~/.bashrc: source <(mcp-actors completion bash)
_mcp_actors() {
  local line="${'$'}{COMP_LINE:0:COMP_POINT}" word prefix value candidate
  word="${'$'}{line##*[[:space:]]}"
  prefix="${'$'}{word%"${'$'}{word##*[=:]}"}"
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    candidate="${'$'}{value#"$prefix"}"
    [[ -z $candidate ]] && continue
    printf -v candidate %q "$candidate"
    # An argument is continued after its "=".
    [[ $value == *= ]] && { candidate="${'$'}{candidate%\\=}"; candidate="${'$'}{candidate%=}="; compopt -o nospace; }
    COMPREPLY+=("$candidate")
  done < <(mcp-actors complete line "$line" 2>/dev/null)
}
complete -o default -F _mcp_actors mcp-actors
`;

const ZSH = String.raw`#compdef mcp-actors
# mcp-actors completion for zsh. In ~/.zshrc, after compinit: source <(mcp-actors completion zsh)
_mcp_actors() {
  local -a values shown open open_shown
  local value description
  while IFS=$'\t' read -r value description; do
    if [[ $value == *= ]]; then
      open+=("$value"); open_shown+=("$value${'$'}{description:+  -- $description}")
    else
      values+=("$value"); shown+=("$value${'$'}{description:+  -- $description}")
    fi
  done < <(mcp-actors complete words "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( ${'$'}{#values} + ${'$'}{#open} == 0 )); then
    _files
    return
  fi
  (( ${'$'}{#values} )) && compadd -l -d shown -a values
  # An argument is continued after its "=".
  (( ${'$'}{#open} )) && compadd -S '' -l -d open_shown -a open
  return 0
}
if [[ "${'$'}{funcstack[1]}" == _mcp_actors ]]; then _mcp_actors "$@"; else compdef _mcp_actors mcp-actors; fi
`;

const FISH = String.raw`# mcp-actors completion for fish. In ~/.config/fish/config.fish: mcp-actors completion fish | source
function __mcp_actors_complete
    set -l words (commandline -opc)
    set -l found (mcp-actors complete words $words[2..-1] (commandline -ct | string unescape 2>/dev/null; or echo '') 2>/dev/null)
    if test (count $found) -eq 0
        __fish_complete_path (commandline -ct)
        return
    end
    printf '%s\n' $found
end
complete -c mcp-actors -f -a '(__mcp_actors_complete)'
`;

const POWERSHELL = String.raw`# mcp-actors completion for PowerShell. In $PROFILE: mcp-actors completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName mcp-actors -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $line = $commandAst.Extent.Text
  $length = [Math]::Min($cursorPosition - $commandAst.Extent.StartOffset, $line.Length)
  $line = $line.Substring(0, $length)
  # Without a blank at its end the last word would be completed again.
  if ($wordToComplete -eq '' -and -not $line.EndsWith(' ')) { $line += ' ' }
  mcp-actors complete line $line 2>$null | ForEach-Object {
    $value, $description = $_ -split [char]9, 2
    $text = if ($value -match '^[\w=:./@%+-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
    $about = if ($description) { $description } else { $value }
    [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
  }
}
`;

/** The completion script of each shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };
